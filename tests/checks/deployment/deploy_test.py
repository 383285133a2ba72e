"""`make deploy` and `make upgrade`: what is asked, kept, and run in which order."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

import click
from samcli.cli.cli_config_file import ConfigProvider
from samcli.cli.types import CfnParameterOverridesType, CfnTags
from samcli.commands.deploy.command import cli as sam_deploy
from translation import PARAMETERS, ROOT, TEXT, stamp

import deploy
from answers import Answers
from asking import Asking
from commands import FILES, is_unattended
from parameters import Parameters, WrongParameter, guided, settings, variable
from stacks import FRONT_DOOR, LATER, SERVICE

FRONT = "https://live.example.com"
OUTPUTS = {
    "hubcast": {
        "WebSocketDomain": "sockets.example.com",
        "WebSocketStage": "prod",
        "HttpDomain": "http.example.com",
        "NotificationsQueueUrl": "https://sqs.example.com/queue",
        "TableName": "hubcast-Table-1",
    },
    "hubcast-front-door": {"PublicUrl": FRONT},
}


class Recorded:
    """Stands in for the programs; `steps` are what was run, in order."""

    def __init__(self, built):
        self.built, self.steps, self.stamps = built, [], []

    def toolchain(self, architecture):
        self.steps.append(("toolchain", architecture))

    def build(self, architecture):
        self.steps.append(("build", architecture))
        self.built.write_text(TEXT)

    def deploy(self, stack, template, values, region=None):
        self.steps.append(("deploy", stack, dict(values), region))
        self.stamps.append(self.built.read_text())

    def package(self, template, bucket, prefix, output):
        self.steps.append(("package", bucket, prefix))
        output.write_text(template.read_text())

    def outputs(self, stack, region=None):
        return OUTPUTS.get(stack.replace("staging", "hubcast").replace("prod", "hubcast"), {})

    def probe(self, url, more):
        self.steps.append(("probe", url, more))

    def deployed(self):
        return [(step[1], step[2]) for step in self.steps if step[0] == "deploy"]


class Case(unittest.TestCase):
    def setUp(self):
        self.said = []
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path, self.built = Path(folder.name) / "samconfig.toml", Path(folder.name) / "built.yaml"
        where = patch.object(deploy, "BUILT", self.built)
        where.start()
        self.addCleanup(where.stop)

    def run_for(self, stack, asking=None, environment=(), **options):
        given = {"set": "", "tags": "", "architecture": None, **options}
        commands = Recorded(self.built)
        deployment = deploy.Deployment(stack, Answers(self.path), commands, dict(environment), self.said.append)
        deployment.run(deploy.prepare(deployment, type("Options", (), given), asking))
        return commands

    def kept(self, stack):
        return Answers(self.path).parameters(stack)


class Architectures(Case):
    def test_an_upgrade_builds_for_what_the_stack_runs_on(self):
        self.run_for("hubcast", set="Hubs=a", architecture="x86_64")
        steps = self.run_for("hubcast").steps
        self.assertEqual(steps[:2], [("toolchain", "x86_64"), ("build", "x86_64")])
        self.assertEqual(steps[2][2]["Architecture"], "x86_64")

    def test_without_an_answer_it_is_the_default_of_the_template(self):
        default = PARAMETERS["Architecture"]["Default"]
        self.assertIn(("build", default), self.run_for("hubcast", set="Hubs=a").steps)

    def test_make_passes_an_architecture_only_when_somebody_gives_it(self):
        for given, environment, passed in [([], {}, False), (["ARCH=x86_64"], {}, True), ([], {"ARCH": "x86_64"}, True)]:
            command = ["make", "--dry-run", "--always-make", "upgrade", *given]
            plain = {name: value for name, value in os.environ.items() if name not in ("ARCH", "MAKEFLAGS")}
            run = subprocess.run(command, cwd=ROOT, env={**plain, **environment}, check=True, capture_output=True, text=True)
            self.assertEqual("--architecture x86_64" in run.stdout, passed, run.stdout)


class Sections(Case):
    def test_two_deployments_never_share_an_answer(self):
        self.run_for("staging", set="Hubs=staging-hub")
        self.run_for("prod", set="Hubs=prod-hub")
        self.run_for("staging", set="MaxAge=60")
        self.assertEqual(self.run_for("prod").deployed()[0], ("prod", {"Hubs": "prod-hub"}))
        self.assertEqual(self.kept("staging"), {"Hubs": "staging-hub", "MaxAge": "60"})

    def test_a_deployment_that_nobody_answered_for_is_not_made_by_a_slip(self):
        with self.assertRaises(deploy.Unknown):
            self.run_for("prdo")

    def test_sam_reads_the_section_of_the_stack(self):
        value = {"TokenIssuers": '[{"issuer":"https://a b/", "audience":"x"}]', "PublicUrl": "", "AllowedOrigins": "https://a,https://b"}
        Answers(self.path).keep("prod", value, "eu-central-1")
        with click.Context(sam_deploy):
            read = ConfigProvider(section="parameters")(self.path, "prod", ["deploy"])
        self.assertEqual(read["region"], "eu-central-1")
        self.assertEqual(CfnParameterOverridesType().convert(read["parameter_overrides"], None, None), value)

    def test_sam_reads_values_of_a_file_as_they_are(self):
        values = {"TokenIssuers": '[{"issuer":"https://a/"}]', "PublicUrl": "", "UpstreamUrl": "https://a/?code=a=b&c d"}
        file = self.path.with_suffix(FILES)
        file.write_text(json.dumps(values))
        self.assertEqual(CfnParameterOverridesType().convert(f"file://{file}", None, None), values)

    def test_the_region_of_a_deployment_stays(self):
        self.run_for("hubcast", set="Hubs=a", environment={"AWS_REGION": "eu-central-1"})
        self.run_for("hubcast", environment={"AWS_REGION": "us-west-2"})
        self.assertEqual(Answers(self.path).region("hubcast"), "eu-central-1")

    def test_answers_of_the_shared_section_are_taken_over_by_the_stack_that_they_are_of(self):
        old = 'stack_name = "hubcast"\nregion = "eu-central-1"\nparameter_overrides = "Hubs=\\"a,b\\" PublicUrl=\\"\\""\n'
        self.path.write_text(f"version = 0.1\n\n[default.deploy.parameters]\n{old}")
        with self.assertRaises(deploy.Unknown):
            self.run_for("prod")
        self.run_for("hubcast")
        self.assertEqual(self.kept("hubcast"), {"Hubs": "a,b", "PublicUrl": ""})

    def test_what_somebody_wrote_into_a_section_stays(self):
        self.run_for("hubcast", set="Hubs=a")
        self.path.write_text(self.path.read_text().replace('s3_prefix', 'role_arn = "arn:aws:iam::1:role/deployer"\ns3_prefix'))
        self.run_for("hubcast", set="Hubs=b")
        self.assertIn("role/deployer", self.path.read_text())


class Order(Case):
    def test_all_stacks_in_order_then_the_probe(self):
        self.run_for("hubcast", set="Hubs=a front-door.PriceClass=PriceClass_All observability.QueueAgeSeconds=30")
        self.run_for("hubcast", environment={"HUBCAST_TOKEN": "token"})
        commands = self.run_for("hubcast", environment={"HUBCAST_TOKEN": "token"})
        stacks = [step[1] for step in commands.steps[2:]]
        self.assertEqual(stacks, ["hubcast", "hubcast-front-door", "hubcast-observability", FRONT])

    def test_the_front_doors_url_reaches_the_service_in_the_same_run_with_a_stamp_of_its_own(self):
        commands = self.run_for("hubcast", set="Hubs=a front-door.PriceClass=PriceClass_All")
        self.assertEqual([stack for stack, _ in commands.deployed()], ["hubcast", "hubcast-front-door", "hubcast"])
        self.assertEqual(commands.deployed()[-1][1]["PublicUrl"], FRONT)
        self.assertNotEqual(commands.stamps[0], commands.stamps[-1])
        self.assertNotIn("RELEASE: unstamped", commands.stamps[0])

    def test_later_stacks_are_told_of_the_first_and_the_front_door_lives_in_virginia(self):
        given = "Hubs=a front-door.DomainName=d.example.com observability.QueueAgeSeconds=30"
        commands = self.run_for("hubcast", set=given)
        deployed = dict(commands.deployed())
        self.assertEqual(deployed["hubcast-front-door"]["WebSocketDomain"], "sockets.example.com")
        self.assertEqual(deployed["hubcast-observability"]["Deployment"], "hubcast")
        self.assertEqual(deployed["hubcast-observability"]["TableName"], "hubcast-Table-1")
        self.assertIn("us-east-1", [step[3] for step in commands.steps if step[0] == "deploy"])

    def test_without_a_token_somebody_is_told_how_to_probe(self):
        self.run_for("hubcast", set="PublicUrl=https://own.example.com")
        self.assertIn("make probe URL=https://own.example.com", self.said[-1])

    def test_a_stack_that_was_not_chosen_is_not_deployed(self):
        self.assertEqual([stack for stack, _ in self.run_for("hubcast", set="Hubs=a").deployed()], ["hubcast"])

    def test_later_stacks_take_outputs_and_parameters_that_there_are(self):
        outputs = (ROOT / "template.yaml").read_text().split("\nOutputs:\n")[1]
        for part in LATER:
            known = Parameters(part.source).known
            for name, output in part.needs.items():
                self.assertIn(name, known)
                self.assertIn(f"  {output}:\n", outputs)
            self.assertLessEqual({name for name, it in known.items() if "Default" not in it}, {*part.derived()})


class Changes(Case):
    def test_a_saved_answer_can_be_emptied(self):
        self.run_for("hubcast", set="AllowedOrigins=https://a.example.com")
        self.assertEqual(self.run_for("hubcast", set="AllowedOrigins=").deployed()[0][1], {"AllowedOrigins": ""})

    def test_what_the_template_would_refuse_is_refused_before_the_build(self):
        for text in ["Nonsense=1", "MaxAge=0", "MaxAge=soon", "Architecture=mips", "AllowedOrigins=a.example.com", "Hubs", "door.A=1"]:
            with self.subTest(text), self.assertRaises(WrongParameter):
                self.run_for("hubcast", set=text)

    def test_a_parameter_that_is_gone_is_not_passed_any_more(self):
        Answers(self.path).keep("hubcast", {"Gone": "1", "Hubs": "a"})
        self.assertEqual(self.run_for("hubcast").deployed(), [("hubcast", {"Hubs": "a"})])


class Packages(Case):
    def test_code_and_templates_are_ready_for_whoever_deploys_them(self):
        commands, folder = Recorded(self.built), self.path.parent / "package"
        deployment = deploy.Deployment("hubcast", Answers(self.path), commands, {}, self.said.append)
        deployment.package("bucket", folder, "x86_64")
        self.assertEqual(commands.steps, [("toolchain", "x86_64"), ("build", "x86_64"), ("package", "bucket", "hubcast")])
        self.assertEqual({it.name for it in folder.iterdir()}, {"built.yaml", "front-door.yaml", "observability.yaml"})
        self.assertNotIn("RELEASE: unstamped", (folder / "built.yaml").read_text())


class Tags(Case):
    def test_all_stacks_have_them_and_keep_them(self):
        self.run_for("hubcast", set="Hubs=a front-door.PriceClass=PriceClass_All", tags="team=web 'cost=a b'")
        self.run_for("hubcast", set="Hubs=b")
        for stack in ("hubcast", "hubcast-front-door"):
            with click.Context(sam_deploy):
                read = ConfigProvider(section="parameters")(self.path, stack, ["deploy"])
            tags = CfnTags().convert(read["tags"], None, None)
            self.assertEqual(tags, {"application": "hubcast", "team": "web", "cost": "a b"})


class Secrets(Case):
    ENVIRONMENT = {"FRONT_DOOR_SECRET": "the-newer-secret-1,the-older-secret-1"}

    def test_a_secret_is_deployed_and_not_kept(self):
        commands = self.run_for("hubcast", set="Hubs=a front-door.PriceClass=PriceClass_All", environment=self.ENVIRONMENT)
        self.assertEqual(commands.deployed()[0][1]["FrontDoorSecret"], "the-newer-secret-1,the-older-secret-1")
        self.assertEqual(dict(commands.deployed())["hubcast-front-door"]["FrontDoorSecret"], "the-newer-secret-1")
        self.assertNotIn("the-newer", self.path.read_text())

    def test_a_secret_of_the_command_line_is_not_kept_either(self):
        self.run_for("hubcast", set="Hubs=a FrontDoorSecret=the-newer-secret-1")
        self.assertNotIn("the-newer", self.path.read_text())

    def test_a_secret_that_nobody_gives_stays_as_it_is_deployed(self):
        self.assertNotIn("FrontDoorSecret", self.run_for("hubcast", set="Hubs=a").deployed()[0][1])

    def test_every_hidden_parameter_has_a_variable(self):
        template = Parameters(SERVICE.source)
        hidden = {variable(name) for name in template.known if template.is_hidden(name)}
        self.assertEqual(hidden, {"FRONT_DOOR_SECRET", "LOG_AUDIENCE_KEY", "UPSTREAM_URL"})


class Asked(Case):
    def answers(self, typed):
        """Types what `typed` has for a parameter, and Enter for all others."""

        def hear(prompt):
            return typed.get(prompt.split(" [")[0].split(" (")[0], "")

        return Asking(say=lambda text: None, hear=hear, hear_secret=hear)

    def test_enter_keeps_an_answer_and_a_dash_empties_it(self):
        self.run_for("hubcast", set="AllowedOrigins=https://a.example.com Hubs=a")
        self.run_for("hubcast", asking=self.answers({"AllowedOrigins": "-"}))
        self.assertEqual(self.kept("hubcast")["AllowedOrigins"], "")
        self.assertEqual(self.kept("hubcast")["Hubs"], "a")

    def test_a_wrong_answer_is_asked_for_again(self):
        typed = iter(["0", "7"])
        asking = Asking(say=lambda text: None, hear=lambda prompt: next(typed) if prompt.startswith("MaxAge ") else "", hear_secret=lambda prompt: "")
        self.run_for("hubcast", asking=asking)
        self.assertEqual(self.kept("hubcast")["MaxAge"], "7")

    def test_the_front_door_is_deployed_when_somebody_says_so_and_asked_for_nothing_that_is_known(self):
        asking = self.answers({"Deploy the stack hubcast-front-door?": "yes"})
        commands = self.run_for("hubcast", asking=asking)
        self.assertIn("hubcast-front-door", dict(commands.deployed()))
        self.assertEqual({*self.kept("hubcast-front-door")} & {*FRONT_DOOR.derived()}, set())

    def test_a_secret_typed_in_is_deployed_and_not_kept(self):
        commands = self.run_for("hubcast", asking=self.answers({"FrontDoorSecret": "the-newer-secret-1"}))
        self.assertEqual(commands.deployed()[0][1]["FrontDoorSecret"], "the-newer-secret-1")
        self.assertNotIn("the-newer", self.path.read_text())


class Pipelines(unittest.TestCase):
    def test_ci_is_asked_nothing(self):
        for value, unattended in [("true", True), ("1", True), ("false", False), ("", False)]:
            self.assertEqual(is_unattended({"CI": value}), unattended)
        with patch.dict("os.environ", {"CI": "true"}), patch.object(deploy, "prepare") as prepare, patch.object(
            deploy.Deployment, "run"
        ) as run:
            deploy.main(["--stack", "hubcast", "--ask"])
        self.assertIsNone(prepare.call_args.args[2])
        self.assertTrue(run.called)

    def test_a_change_set_waits_for_nobody_in_ci(self):
        for unattended, flag in [(True, "--no-confirm-changeset"), (False, "--confirm-changeset")]:
            with patch("commands.subprocess.run") as run:
                deploy.Commands(unattended).deploy("hubcast", "template.yaml", {"Hubs": "a"})
            self.assertIn(flag, run.call_args.args[0])


class Texts(unittest.TestCase):
    def test_settings_have_parts_quotes_and_empty_values(self):
        text = "A= B='1 2' front-door.C=x=y"
        self.assertEqual(settings(text), {"": {"A": "", "B": "1 2"}, "front-door": {"C": "x=y"}})

    def test_what_guided_wrote_is_read(self):
        self.assertEqual(guided('A="1" B=""'), {"A": "1", "B": ""})


if __name__ == "__main__":
    unittest.main()
