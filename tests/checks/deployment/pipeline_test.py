"""The roles of infra/cloud/pipeline.yaml: enough for what CloudFormation does with our templates, and no more.

What CloudFormation calls for each kind of resource stands in the kind's schema, which cfn-lint brings along.
"""

import json
import re
import unittest

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samcli.yamlhelper import yaml_parse
from translation import ROOT, TEXT, packaged, translated

from parameters import Parameters, variable
from stacks import SERVICE

PIPELINE = yaml_parse((ROOT / "infra/cloud/pipeline.yaml").read_text())["Resources"]
OTHERS = [yaml_parse((ROOT / path).read_text()) for path in ("infra/cloud/front-door.yaml", "infra/cloud/observability.yaml")]
POLICIES = ("Functions", "Data", "Edges")
# A managed policy holds so many characters, without white space.
MANAGED_MOST = 6144
INLINE_MOST = 10240

# Called for what hubcast's templates do not use.
NOT_USED = {
    "no table is imported, replicated, or streamed to Kinesis": "dynamodb:(AssociateTableReplica|CreateTableReplica|ImportTable|DescribeImport|BatchWriteItem|DeleteItem|GetItem|PutItem|Query|Scan|UpdateItem|EnableKinesis.*|DisableKinesis.*|UpdateKinesis.*|UpdateContributorInsights|PutResourcePolicy|DeleteResourcePolicy)|kinesis:.*|s3:GetObjectMetadata|s3:ListBucket|logs:(CreateLogStream|DescribeLogStreams|PutLogEvents)",
    "no function has a file system, a layer, signed code or a capacity provider": "elasticfilesystem:.*|s3files:.*|lambda:(AssociateRuntimeAlias|GetLayerVersion|PassCapacityProvider|.*CodeSigningConfig|PutFunctionRecursionConfig|PutFunctionScalingConfig|PutRuntimeManagementConfig)",
    "policies are those of roles": "iam:.*(User|Group)Policy|iam:DeleteRolePermissionsBoundary|iam:DescribeOrganization",
    "no secret is replicated": "secretsmanager:(ReplicateSecretToRegions|RemoveRegionsFromReplication)",
    "no log is masked, indexed, or has a policy, a token or a protection": "logs:(Put|Delete)(DataProtection|Index|Resource|DeliveryDestination)Policy|logs:PutBearerTokenAuthentication|logs:PutLogGroupDeletionProtection",
    "logs go to no bucket and no stream": "firehose:.*|s3:(GetBucketPolicy|PutBucketPolicy|REST.*|getObject)",
    "other services' logs": "(autoloop|codewhisperer|workmail|payments):.*",
    "no distribution has tenants, staging or a VPC origin": "cloudfront:.*(ConnectionGroup|VpcOrigin|StagingConfig)",
    "no instance is on premises": "codedeploy:RegisterOnPremisesInstance",
    "IAM has no such action": "cloudfront:CreateDistributionWithTags|apigateway:(Tag|Untag)Resource|logs:AllowVendedLogDeliveryForResource",
    "the key is named by its ARN, and DynamoDB gives its grants back itself": "kms:(ListAliases|RevokeGrant)",
}
# Called by no schema, and needed all the same.
BESIDES = {
    "lambda:DeleteFunctionConcurrency", "lambda:ListTags",
    "logs:PutResourcePolicy", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
    "cloudfront:AllowVendedLogDeliveryForResource", "cloudformation:CreateChangeSet",
}
# Actions that know no resource, or whose resource has no name of ours.
EVERYWHERE = re.compile(
    "ec2:Describe.*|secretsmanager:GetRandomPassword|logs:.*(LogDeliver|QueryDefinition).*|logs:Describe.*|logs:PutResourcePolicy|route53:(GetChange|ListHostedZones)"
    "|lambda:.*EventSourceMapping|cloudformation:GetTemplateSummary"
)


def statements(name):
    found = PIPELINE[name]["Properties"]["PolicyDocument"]["Statement"]
    return [it["Fn::If"][1] if "Fn::If" in it else it for it in found]


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed():
    return {action for name in POLICIES for statement in statements(name) for action in listed(statement["Action"])}


def kinds():
    ours = translated(packaged(TEXT), {"Deployment": "Canary10Percent5Minutes"})
    return {it["Type"] for template in (ours, *OTHERS) for it in template["Resources"].values()}


def called():
    """Kind of resource to what CloudFormation calls for it, but for listing all there are."""
    for kind in sorted(kinds()):
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
        yield kind, {each for name, it in handlers.items() if name != "list" for each in it.get("permissions", [])}


def is_excused(action):
    return any(re.fullmatch(pattern, action) for pattern in NOT_USED.values())


class Executor(unittest.TestCase):
    def test_it_may_do_all_that_cloudformation_calls(self):
        for kind, actions in called():
            with self.subTest(kind):
                self.assertEqual({it for it in actions if not is_excused(it)} - allowed(), set())

    def test_it_may_do_nothing_else(self):
        asked = set().union(*(actions for _, actions in called()))
        self.assertEqual(allowed() - asked - BESIDES, set())

    def test_no_exception_is_left_over(self):
        asked = set().union(*(actions for _, actions in called()))
        for why, pattern in NOT_USED.items():
            self.assertTrue(any(re.fullmatch(pattern, it) for it in asked), why)

    def test_what_has_a_name_is_limited_to_the_deployments_own(self):
        for policy in POLICIES:
            for statement in statements(policy):
                if listed(statement["Resource"]) == ["*"]:
                    self.assertEqual([it for it in listed(statement["Action"]) if not EVERYWHERE.fullmatch(it)], [])

    def test_its_rights_cannot_grow(self):
        """It may make no role beyond its own names, attach no policy but these, and pass roles to these services only."""
        every = [it for policy in POLICIES for it in statements(policy)]
        for statement in every:
            for action in listed(statement["Action"]):
                if action.startswith("iam:") and action != "iam:CreateServiceLinkedRole":
                    self.assertIn("role/${Deployment}-*Role-*", json.dumps(statement["Resource"]), action)
                if action in ("iam:AttachRolePolicy", "iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy"):
                    self.assertIn("Condition", statement, action)

    def test_neither_of_its_own_roles_is_one_that_it_may_change(self):
        for name in ("Deployer", "Executor"):
            self.assertNotRegex(PIPELINE[name]["Properties"]["RoleName"]["Fn::Sub"], r"Role-")

    def test_policies_fit(self):
        for policy in POLICIES:
            text = json.dumps(PIPELINE[policy]["Properties"]["PolicyDocument"], separators=(",", ":"))
            self.assertLess(len(text), MANAGED_MOST, policy)

    def test_role_names_of_the_template_are_those_that_it_may_make(self):
        """CloudFormation names a role after its stack and its place in the template."""
        ours = translated(packaged(TEXT), {"Deployment": "Canary10Percent5Minutes"})["Resources"]
        roles = [name for name, it in ours.items() if it["Type"] == "AWS::IAM::Role"]
        self.assertEqual([name for name in roles if not name.endswith("Role")], [])


class Deployer(unittest.TestCase):
    ROLE = PIPELINE["Deployer"]["Properties"]

    def test_only_one_environment_of_one_repository_takes_it_on(self):
        (statement,) = self.ROLE["AssumeRolePolicyDocument"]["Statement"]
        equal = statement["Condition"]["StringEquals"]
        self.assertEqual(equal["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com")
        self.assertEqual(equal["token.actions.githubusercontent.com:sub"]["Fn::Sub"], "repo:${Repository}:environment:${Environment}")

    def test_changes_are_made_by_the_executor_only(self):
        (policy,) = self.ROLE["Policies"]
        changes = [it for it in policy["PolicyDocument"]["Statement"] if it["Sid"] == "Changes"]
        self.assertEqual(changes[0]["Condition"]["StringEquals"]["cloudformation:RoleArn"], {"Fn::GetAtt": ["Executor", "Arn"]})
        self.assertLess(len(json.dumps(policy, separators=(",", ":"))), INLINE_MOST)


class Workflow(unittest.TestCase):
    """docs/examples/pipeline/deploy.yml."""

    TEXT = (ROOT / "docs/examples/pipeline/deploy.yml").read_text()
    JOB = yaml_parse(TEXT)["jobs"]["deploy"]

    def test_it_takes_the_role_on_by_a_token_in_the_environment_that_the_role_asks_for(self):
        self.assertEqual(yaml_parse(self.TEXT)["permissions"], {"contents": "read", "id-token": "write"})
        default = yaml_parse((ROOT / "infra/cloud/pipeline.yaml").read_text())["Parameters"]["Environment"]["Default"]
        self.assertEqual(self.JOB["environment"], default)
        (role,) = [step["with"]["role-to-assume"] for step in self.JOB["steps"] if "role-to-assume" in step.get("with", {})]
        self.assertEqual(role, "${{ vars.AWS_DEPLOYER_ARN }}")

    def test_it_runs_the_one_command_with_every_secret_that_no_file_keeps(self):
        (step,) = [step for step in self.JOB["steps"] if step.get("run", "").startswith("make ")]
        self.assertEqual(step["run"], "make upgrade STACK=hubcast")
        template = Parameters(SERVICE.source)
        hidden = {variable(name) for name in template.known if template.is_hidden(name)}
        self.assertEqual(step["env"].keys(), {*hidden, "HUBCAST_TOKEN"})


if __name__ == "__main__":
    unittest.main()
