"""What the account asks for: each parameter reaches everything that it is for, and nothing without it."""

import json
import re
import unittest
from itertools import combinations

from samcli.yamlhelper import yaml_parse
from deployed import built, deployed, holds, kind
from translation import PARAMETERS, ROOT, TEMPLATE, TEXT, of, packaged, stamp, translated

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
RULES = TEMPLATE["Rules"]


class Everything(unittest.TestCase):
    def test_every_parameter_is_used(self):
        text_of_all = json.dumps(translated(packaged(stamp.stamped(TEXT, "a"))), default=str) + json.dumps(RULES, default=str)
        for name in PARAMETERS:
            with self.subTest(name):
                self.assertTrue(re.search(rf'"Ref": "{name}"|\$\{{{name}\}}', text_of_all))


class Boundary(unittest.TestCase):
    ARN = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

    def test_every_role_has_it_codedeploys_too(self):
        for deployment in PARAMETERS["Deployment"]["AllowedValues"]:
            given = {"PermissionsBoundaryArn": self.ARN, "UpstreamUrl": "https://a", "Deployment": deployment}
            roles = kind(deployed(**given), "AWS::IAM::Role")
            self.assertEqual(len(roles), 9 + (deployment != "AtOnce"))
            for name, role in roles.items():
                self.assertEqual(role.get("PermissionsBoundary"), self.ARN, name)

    def test_by_default_there_is_none(self):
        for role in kind(deployed(), "AWS::IAM::Role").values():
            self.assertNotIn("PermissionsBoundary", role)


class Key(unittest.TestCase):
    WITH = {"KmsKeyArn": KEY, "UpstreamUrl": "https://a", "AccessLogs": "all"}

    def test_table_queues_logs_and_secret_are_under_it(self):
        resources = deployed(**self.WITH)
        (table,) = kind(resources, "AWS::DynamoDB::Table").values()
        self.assertEqual(table["SSESpecification"], {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY})
        queues = kind(resources, "AWS::SQS::Queue")
        self.assertEqual(len(queues), 6)
        for name, queue in queues.items():
            self.assertEqual(queue["KmsMasterKeyId"], KEY, name)
            self.assertNotIn("SqsManagedSseEnabled", queue)
        groups = kind(resources, "AWS::Logs::LogGroup")
        self.assertEqual(len(groups), 11)
        for name, it in {**groups, **kind(resources, "AWS::SecretsManager::Secret")}.items():
            self.assertEqual(it["KmsKeyId"], KEY, name)

    def test_every_function_may_use_it_through_these_services_only(self):
        resources = deployed(**self.WITH)
        use = resources["FunctionsPolicy"]["Properties"]
        self.assertEqual({role["Ref"] for role in use["Roles"]}, {*kind(resources, "AWS::IAM::Role")})
        (statement,) = [it for it in use["PolicyDocument"]["Statement"] if it["Sid"] == "Key"]
        self.assertEqual(statement["Resource"], KEY)
        services = statement["Condition"]["StringEquals"]["kms:ViaService"]
        self.assertEqual([it["Fn::Sub"].split(".")[0] for it in services], ["sqs", "secretsmanager", "dynamodb", "lambda"])

    def test_no_function_is_there_before_it_may_read_its_environment(self):
        for name, function in of(built(**self.WITH), "AWS::Lambda::Function").items():
            self.assertIn("FunctionsPolicy", function["DependsOn"], name)
        for name, function in kind(deployed(**self.WITH), "AWS::Lambda::Function").items():
            self.assertEqual(function["KmsKeyArn"], KEY, name)

    def test_by_default_everything_is_under_keys_that_aws_owns(self):
        resources = deployed()
        self.assertNotIn("kms", json.dumps(resources).lower())
        (table,) = kind(resources, "AWS::DynamoDB::Table").values()
        self.assertNotIn("SSESpecification", table)
        for queue in kind(resources, "AWS::SQS::Queue").values():
            self.assertEqual(queue["SqsManagedSseEnabled"], True)


class Network(unittest.TestCase):
    def test_every_function_is_in_the_vpc(self):
        given = {"VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1", "UpstreamUrl": "https://a"}
        for name, function in kind(deployed(**given), "AWS::Lambda::Function").items():
            expected = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
            self.assertEqual(function["VpcConfig"], expected, name)

    def test_by_default_there_is_no_vpc_and_no_code_may_touch_a_network(self):
        resources = deployed()
        for function in kind(resources, "AWS::Lambda::Function").values():
            self.assertNotIn("VpcConfig", function)
        denied = resources["FunctionsPolicy"]["Properties"]
        self.assertEqual(denied["PolicyDocument"]["Statement"][0]["Effect"], "Deny")
        self.assertEqual({role["Ref"] for role in denied["Roles"]}, {*kind(resources, "AWS::IAM::Role")})


class Tables(unittest.TestCase):
    def test_a_table_that_is_there_takes_the_place_of_ours_everywhere(self):
        resources = deployed(ExistingTable="restored", UpstreamUrl="https://a")
        self.assertEqual(kind(resources, "AWS::DynamoDB::Table"), {})
        self.assertNotIn('"Ref": "Table"', json.dumps(resources))
        self.assertNotIn('["Table", "Arn"]', json.dumps(resources))
        for name, function in kind(resources, "AWS::Lambda::Function").items():
            self.assertEqual(function["Environment"]["Variables"].get("TABLE_NAME", "restored"), "restored", name)
        self.assertEqual(json.dumps(resources).count("table/${ExistingTable}"), 10)

    def test_ours_stays_when_it_is_replaced(self):
        self.assertEqual(TEMPLATE["Resources"]["Table"]["DeletionPolicy"], "RetainExceptOnCreate")

    def test_recovery_and_protection_are_what_is_asked_for(self):
        (table,) = kind(deployed(PointInTimeRecovery="false", DeletionProtection="true"), "AWS::DynamoDB::Table").values()
        self.assertEqual(table["PointInTimeRecoverySpecification"], {"PointInTimeRecoveryEnabled": "false"})
        self.assertEqual(table["DeletionProtectionEnabled"], "true")
        self.assertEqual(PARAMETERS["PointInTimeRecovery"]["Default"], "true")


class Logs(unittest.TestCase):
    def test_each_kind_has_a_retention_of_its_own(self):
        given = {"LogRetentionDays": "7", "AccessLogRetentionDays": "90", "AuditRetentionDays": "1827"}
        own = {"AccessLog": "90", "AuditLogs": "1827"}
        resources = deployed(**given, UpstreamUrl="https://a")
        for name, group in kind(resources, "AWS::Logs::LogGroup").items():
            self.assertEqual(group["RetentionInDays"], own.get(name, "7"), name)

    def test_api_gateway_logs_where_the_accounts_policy_need_not_grow(self):
        for what, group in kind(deployed(AccessLogs="all"), "AWS::Logs::LogGroup").items():
            name = group["LogGroupName"]["Fn::Sub"]
            # The functions write it by themselves, with permissions of their own.
            if what == "AuditLogs":
                continue
            self.assertTrue(name.startswith(("/aws/lambda/", "/aws/vendedlogs/")), name)

    def test_every_function_logs_json_and_nothing_of_what_went_well(self):
        for name, function in kind(deployed(UpstreamUrl="https://a"), "AWS::Lambda::Function").items():
            logging = function["LoggingConfig"]
            expected = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
            self.assertEqual({key: logging[key] for key in expected}, expected, name)
            self.assertEqual(logging["LogGroup"]["Ref"].removesuffix("Logs"), name.removesuffix("Function"))


class FrontDoor(unittest.TestCase):
    RESOURCES = yaml_parse((ROOT / "infra/cloud/front-door.yaml").read_text())["Resources"]

    def test_all_logs_have_a_retention_and_the_key(self):
        groups = {name: it["Properties"] for name, it in self.RESOURCES.items() if it["Type"] == "AWS::Logs::LogGroup"}
        retention = {name: group["RetentionInDays"]["Ref"] for name, group in groups.items()}
        of_cloudfront = {"AccessLogGroup": "LogRetentionDays", "FunctionLogs": "LogRetentionDays"}
        self.assertEqual(retention, {**of_cloudfront, "FirewallLogGroup": "FirewallLogRetentionDays"})
        for group in groups.values():
            self.assertEqual(group["KmsKeyId"]["Fn::If"][:2], ["HasKey", {"Ref": "KmsKeyArn"}])

    def test_access_logs_are_where_the_accounts_policy_need_not_grow(self):
        name = self.RESOURCES["AccessLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
        self.assertTrue(name.startswith("/aws/vendedlogs/"), name)


class Throttles(unittest.TestCase):
    def test_http_is_throttled_and_frames_are_not(self):
        stages = kind(deployed(HttpMaxRate="50", HttpMaxBurst="60"), "AWS::ApiGatewayV2::Stage")
        self.assertEqual(stages["HttpStage"]["DefaultRouteSettings"], {"ThrottlingRateLimit": "50", "ThrottlingBurstLimit": "60"})
        self.assertNotIn("ThrottlingRateLimit", stages["WebSocketStage"]["DefaultRouteSettings"])
        self.assertEqual(stages["WebSocketStage"]["RouteSettings"].keys(), {"$connect"})

    def test_connects_may_be_left_to_the_quota_of_the_account(self):
        stages = kind(deployed(ConnectMaxRate="0"), "AWS::ApiGatewayV2::Stage")
        self.assertNotIn("RouteSettings", stages["WebSocketStage"])

    def test_by_default_connects_have_the_quota_that_every_account_has(self):
        self.assertEqual((PARAMETERS["ConnectMaxRate"]["Default"], PARAMETERS["ConnectMaxBurst"]["Default"]), (500, 500))

    def test_connects_are_throttled_apart_from_frames(self):
        stage = kind(deployed(ConnectMaxRate="50", ConnectMaxBurst="60"), "AWS::ApiGatewayV2::Stage")["WebSocketStage"]
        self.assertEqual(stage["RouteSettings"].keys(), {"$connect"})
        connect = stage["RouteSettings"]["$connect"]
        self.assertEqual((connect["ThrottlingRateLimit"], connect["ThrottlingBurstLimit"]), ("50", "60"))
        self.assertEqual(connect["DataTraceEnabled"], False)

    def test_by_default_http_leaves_most_of_the_smallest_quota_to_frames(self):
        self.assertLessEqual(PARAMETERS["HttpMaxRate"]["Default"], 2500 / 2)


class Parts(unittest.TestCase):
    """API Gateway may answer 409 to two changes of one API at a time."""

    KINDS = ("Authorizer", "Integration", "Route", "RouteResponse", "Stage")

    def needs(self, name, seen=()):
        """All that a resource waits for."""
        resource = TEMPLATE["Resources"][name]
        named = set(re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)', json.dumps(resource)))
        direct = {each for found in named for each in found if each} | {*resource.get("DependsOn", [])}
        direct = {each for each in direct if each in TEMPLATE["Resources"]} - {name, *seen}
        return direct.union(*(self.needs(each, (*seen, name)) for each in direct))

    def test_of_two_parts_of_one_api_one_waits_for_the_other(self):
        parts = {
            name: it["Properties"]["ApiId"]["Ref"]
            for name, it in TEMPLATE["Resources"].items()
            if it["Type"] in {f"AWS::ApiGatewayV2::{kind}" for kind in self.KINDS}
        }
        self.assertEqual(len(parts), 23)
        waits = {name: self.needs(name) for name in parts}
        for one, other in combinations(parts, 2):
            if parts[one] == parts[other]:
                self.assertTrue(one in waits[other] or other in waits[one], f"{one} and {other}")


class Refused(unittest.TestCase):
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html
    OF_RULES = {"Ref", "Fn::And", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::Equals", "Fn::Not", "Fn::Or"}

    def test_rules_use_functions_that_rules_may_use(self):
        used = set(re.findall(r'"(Ref|Fn::\w+|Condition)":', json.dumps(RULES)))
        self.assertEqual(used - self.OF_RULES, set())

    def refused(self, **given):
        values = {name: str(it.get("Default", "")) for name, it in PARAMETERS.items()} | given
        texts = []
        for rule in RULES.values():
            if holds(rule["RuleCondition"], values, {}):
                texts += [it["AssertDescription"] for it in rule["Assertions"] if not holds(it["Assert"], values, {})]
        return texts

    def test_what_does_not_go_together(self):
        self.assertEqual(self.refused(), [])
        self.assertEqual(self.refused(ProvisionedConcurrency="5"), [])
        self.assertEqual(self.refused(Deployment="Canary10Percent5Minutes"), [])
        for given in [
            {"ProvisionedConcurrency": "5", "Deployment": "Canary10Percent5Minutes"},
            {"VpcSubnetIds": "subnet-1"},
            {"VpcSecurityGroupIds": "sg-1"},
            {"AccessKeyParameter": "/keys", "AccessKeySecretArn": "arn"},
        ]:
            with self.subTest(given):
                self.assertEqual(len(self.refused(**given)), 1)

    def test_a_secrets_arn_has_its_six_characters(self):
        pattern = PARAMETERS["AccessKeySecretArn"]["AllowedPattern"]
        whole = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:hubcast/keys"
        self.assertIsNone(re.fullmatch(pattern, whole))
        for ending in ("-Ab12Cd", "-2-Ab12Cd"):
            self.assertIsNotNone(re.fullmatch(pattern, whole + ending))
        self.assertIsNotNone(re.fullmatch(pattern, ""))


if __name__ == "__main__":
    unittest.main()
