"""Who may send and connect: queues, the list of producers and origins, in what the template becomes."""

import re
import unittest

from deployed import deployed, kind
from translation import PARAMETERS, TEMPLATE


class Senders(unittest.TestCase):
    OWN = {"Publisher", "Rest", "Message", "GroupJoin"}
    TOPIC = "arn:aws:sns:eu-central-1:123456789012:news"
    INGRESS = {"IngressQueue": "true", "IngressSources": TOPIC, "ProducerPrincipals": "123456789012"}

    def variables(self, name, **values):
        return deployed(**values)[name]["Properties"]["Environment"]["Variables"]

    def test_every_queue_refuses_what_does_not_come_by_tls(self):
        for values in ({}, {"UpstreamUrl": "https://app.example/hook"}, {"ProducerPrincipals": "123456789012"}, self.INGRESS):
            resources = deployed(**values)
            policies = kind(resources, "AWS::SQS::QueuePolicy").values()
            statements = [(one, each) for one in policies for each in one["PolicyDocument"]["Statement"]]
            refusing = [
                queue["Ref"]
                for policy, statement in statements
                for queue in policy["Queues"]
                if statement["Effect"] == "Deny"
                and statement["Principal"] == {"AWS": "*"}
                and statement["Action"] == "sqs:*"
                and statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
                and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            ]
            self.assertEqual(sorted(refusing), sorted(kind(resources, "AWS::SQS::Queue")), values)

    def test_a_queue_has_one_policy(self):
        policies = kind(deployed(UpstreamUrl="https://app.example/hook"), "AWS::SQS::QueuePolicy").values()
        queues = [queue["Ref"] for policy in policies for queue in policy["Queues"]]
        self.assertEqual(len(queues), len(set(queues)))

    def test_services_send_to_the_ingress_queue_only_for_the_topics_and_rules_that_are_named(self):
        statements = deployed(**self.INGRESS)["IngressPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        allowing = {one["Sid"]: one for one in statements if one["Effect"] == "Allow"}
        self.assertEqual(sorted(allowing), ["Producers", "Services"])
        services = allowing["Services"]
        self.assertEqual(services["Action"], "sqs:SendMessage")
        self.assertEqual(services["Principal"], {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]})
        self.assertEqual(services["Condition"], {"ArnLike": {"aws:SourceArn": self.TOPIC}})
        self.assertEqual(allowing["Producers"]["Principal"], {"AWS": "123456789012"})
        unnamed = deployed(IngressQueue="true")["IngressPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual([one["Sid"] for one in unnamed], ["OnlyOverTls"])

    def test_without_the_ingress_queue_nothing_of_it_is_there(self):
        self.assertEqual([name for name in deployed() if name.startswith("Ingress")], [])
        self.assertNotIn("INGRESS_QUEUE_URL", self.variables("PublisherFunction"))

    def test_publishers_of_the_ingress_queue_share_the_account_s_rate(self):
        for count in PARAMETERS["PublisherConcurrency"]["AllowedValues"]:
            for values, queues in (({}, 2), (self.INGRESS, 3)):
                resources = deployed(PublisherConcurrency=count, **values)
                sources = kind(resources, "AWS::Lambda::EventSourceMapping").values()
                at_once = [int(one["ScalingConfig"]["MaximumConcurrency"]) for one in sources]
                told = resources["PublisherFunction"]["Properties"]["Environment"]["Variables"]["FANOUT_INSTANCES"]
                name, key, value = told["Fn::FindInMap"]
                shared = int(TEMPLATE["Mappings"][name][key][str(value)])
                self.assertEqual((len(at_once), sum(at_once)), (queues, shared))

    def test_the_list_of_producers_reaches_whoever_checks_it_and_nobody_by_default(self):
        listed = '[{"sender":"AIDAEXAMPLE"}]'
        for name in ("PublisherFunction", "RestFunction"):
            self.assertEqual(self.variables(name, Producers=listed)["PRODUCERS"], listed)
            self.assertNotIn("PRODUCERS", self.variables(name))

    def test_the_publisher_knows_each_function_that_sends_to_its_queues_by_its_role(self):
        for values, names in (({}, self.OWN), ({"UpstreamUrl": "https://app.example/hook"}, self.OWN | {"Upstream"})):
            separator, own = self.variables("PublisherFunction", **values)["OWN_SENDERS"]["Fn::Join"]
            self.assertEqual(separator, ",")
            patterns = {f"${{{name}FunctionRole.RoleId}}:*" for name in names}
            self.assertEqual({one["Fn::Sub"] for one in own}, patterns)
            self.assertEqual(len(own), len(patterns))

    def test_the_functions_of_the_list_are_those_that_may_send_notifications(self):
        resources = deployed(UpstreamUrl="https://app.example/hook")
        own = resources["PublisherFunction"]["Properties"]["Environment"]["Variables"]["OWN_SENDERS"]["Fn::Join"][1]
        listed = {re.match(r"\$\{(\w+)\.", one["Fn::Sub"])[1] for one in own}
        sources = kind(resources, "AWS::Lambda::EventSourceMapping").values()
        queues = [one["EventSourceArn"] for one in sources if "PublisherFunction" in str(one["FunctionName"])]
        may_send = set()
        for name, role in kind(resources, "AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    actions, targets = ([one] if not isinstance(one, list) else one for one in (statement["Action"], statement["Resource"]))
                    if "sqs:SendMessage" in actions and any(queue in targets for queue in queues):
                        may_send.add(name)
        self.assertEqual(may_send, listed)


class Origins(unittest.TestCase):
    FUNCTIONS = ("ConnectFunction", "NegotiateFunction")

    def allowed(self, name, **values):
        return deployed(**values)[name]["Properties"]["Environment"]["Variables"]["ALLOWED_ORIGINS"]

    def test_origins_of_apps_join_those_of_the_web_at_both_doors(self):
        for name in self.FUNCTIONS:
            given = {"AllowedOrigins": "https://app.example", "AppOrigins": "capacitor://localhost"}
            self.assertEqual(self.allowed(name, **given), {"Fn::Sub": "${AllowedOrigins},${AppOrigins}"})
            self.assertEqual(self.allowed(name, AllowedOrigins="https://app.example"), "https://app.example")
            self.assertEqual(self.allowed(name), "")

    def test_the_gateway_answers_preflights_only_where_it_knows_all_origins(self):
        web = {"AllowedOrigins": "https://app.example"}
        cors = lambda **values: kind(deployed(**values), "AWS::ApiGatewayV2::Api")["HttpApi"].get("CorsConfiguration")  # noqa: E731
        self.assertIsNotNone(cors(**web))
        self.assertIsNone(cors(**web, AppOrigins="capacitor://localhost"))
