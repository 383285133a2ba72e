"""The template of a release: it names the functions' zips in a bucket of the region where somebody launches it."""

import re

ARCHITECTURES = ["arm64", "x86_64"]
REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "eu-north-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"]
CODE = re.compile(r"^    CodeUri: \.\n", re.MULTILINE)
BUILT = re.compile(
    r"^    Metadata: \{ BuildMethod: rust-cargolambda, BuildProperties: \{ Binary: ([a-z-]+) \} \}\n    Properties:\n",
    re.MULTILINE,
)
ARCHITECTURE = re.compile(r"^(  Architecture:\n    Type: String\n)    Default: \S+\n    AllowedValues: .*\n", re.MULTILINE)
STAMP = re.compile(r"^(\s*RELEASE:\s*)(\S+)[ \t]*$", re.MULTILINE)


class Unlike(Exception):
    """The template does not look as this module knows it."""


def packaged(template, bucket, prefix, architecture):
    """The template's text with the code of each function in a bucket, for one architecture."""
    text = _changed(CODE, "", template, 1)
    place = f'{{ Bucket: !Sub "{bucket}-${{AWS::Region}}", Key: {prefix}'
    text = _changed(BUILT, rf"    Properties:\n      CodeUri: {place}/\1.zip }}\n", text, None)
    text = _changed(ARCHITECTURE, rf"\1    Default: {architecture}\n    AllowedValues: [{architecture}]\n", text, 1)
    # Each release is a text that no other has, so that an upgrade publishes new versions.
    text = _changed(STAMP, rf"\g<1>{prefix.replace('/', '-')}", text, None)
    if "rust-cargolambda" in text:
        raise Unlike("not every function of template.yaml names its program as infra/release/launch.py knows it")
    return text


def _changed(pattern, replacement, text, count):
    changed, places = pattern.subn(replacement, text)
    if places == 0 or (count is not None and places != count):
        raise Unlike(f"template.yaml has {places} places like {pattern.pattern!r}")
    return changed


def url(bucket, region, version, architecture):
    template = f"https://{bucket}-{region}.s3.{region}.amazonaws.com/{version}/hubcast-{architecture}.yaml"
    console = f"https://console.aws.amazon.com/cloudformation/home?region={region}"
    return f"{console}#/stacks/create/review?stackName=hubcast&templateURL={template}"


def launch_page(bucket, version):
    rows = [f"| {region} | {' | '.join(f'[launch]({url(bucket, region, version, name)})' for name in ARCHITECTURES)} |" for region in REGIONS]
    return "\n".join([f"# Launch hubcast {version}", "", f"| region | {' | '.join(ARCHITECTURES)} |", "|---|---|---|", *rows, ""])
