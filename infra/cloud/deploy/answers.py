"""The answers that are kept for each stack, in samconfig.toml.

A stack has the section of its name, as SAM's `--config-env` reads it, so that two deployments never
share an answer. What SAM itself reads (region, tags, a role, a bucket) stands there too.
"""

import tomlkit

# What a new section begins with; whoever needs something else edits it.
BEGINNING = {
    "resolve_s3": True,
    "capabilities": "CAPABILITY_IAM",
    "tags": "application=hubcast",
}
# Where `sam deploy --guided` kept the answers of one stack.
SHARED = "default"


class Answers:
    def __init__(self, path):
        self.path = path
        # SAM refuses a file without a version.
        self.document = tomlkit.parse(path.read_text() if path.exists() else "version = 0.1\n")

    def knows(self, stack):
        return self._settings(stack) is not None

    def region(self, stack):
        return (self._settings(stack) or {}).get("region")

    def parameters(self, stack):
        """Name to value of what was answered for the stack."""
        kept = (self._settings(stack) or {}).get("parameter_overrides", {})
        return {name: str(value) for name, value in kept.items()}

    def keep(self, stack, parameters, region=None):
        """Writes the answers of a stack, and leaves the rest of its section as it is: a region is never moved."""
        if self._settings(stack) is None:
            self.document[stack] = {"deploy": {"parameters": {"stack_name": stack, "s3_prefix": stack, **BEGINNING}}}
        settings = self._settings(stack)
        if region:
            settings.setdefault("region", region)
        settings["parameter_overrides"] = parameters
        self.path.write_text(tomlkit.dumps(self.document))

    def tag(self, stack, tags):
        """Keeps the tags of a stack, which CloudFormation gives to all that the stack has."""
        self._settings(stack)["tags"] = " ".join(f'"{name}"="{value}"' for name, value in tags.items())
        self.path.write_text(tomlkit.dumps(self.document))

    def adopt(self, stack, read):
        """Takes over what an earlier release kept for this stack in the section that all stacks shared."""
        old = self._settings(SHARED)
        if self.knows(stack) or not old or "parameter_overrides" not in old or old.get("stack_name") != stack:
            return
        self.keep(stack, read(old["parameter_overrides"]), old.get("region"))

    def _settings(self, stack):
        section = self.document.get(stack)
        return section.get("deploy", {}).get("parameters") if section else None
