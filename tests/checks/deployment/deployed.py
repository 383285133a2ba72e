"""What a deployment of the template has, with the values of its parameters filled in."""

from translation import PARAMETERS, TEXT, packaged, translated


def built(**values):
    return translated(packaged(TEXT), values)


def resolved(value, values, conditions):
    """The value as CloudFormation would fill it in, for Ref of parameters and Fn::If; None is NoValue."""
    if isinstance(value, list):
        return [each for each in (resolved(each, values, conditions) for each in value) if each is not None]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"}:
        name = value["Ref"]
        return None if name == "AWS::NoValue" else values.get(name, value)
    if value.keys() == {"Fn::If"}:
        name, yes, no = value["Fn::If"]
        return resolved(yes if conditions[name] else no, values, conditions)
    if value.keys() == {"Fn::Split"}:
        separator, source = value["Fn::Split"]
        return text(source, values).split(separator) if source.get("Ref") in values else value
    found = {key: resolved(each, values, conditions) for key, each in value.items()}
    return {key: each for key, each in found.items() if each is not None}


def holds(condition, values, conditions):
    """Whether a condition of the template holds."""
    ((kind, operands),) = condition.items()
    each = lambda one: holds(one, values, conditions)  # noqa: E731
    plain = lambda one: text(one, values)  # noqa: E731
    return {
        "Fn::Equals": lambda: plain(operands[0]) == plain(operands[1]),
        "Fn::Not": lambda: not each(operands[0]),
        "Fn::And": lambda: all(map(each, operands)),
        "Fn::Or": lambda: any(map(each, operands)),
        "Condition": lambda: holds(conditions[operands], values, conditions),
    }[kind]()


def text(value, values):
    if isinstance(value, dict) and "Ref" in value:
        return str(values[value["Ref"]])
    if isinstance(value, dict) and "Fn::Join" in value:
        return text(value["Fn::Join"][1], values)
    return str(value)


def deployed(**given):
    """The resources that a deployment with these values has, filled in as far as parameters go."""
    values = {name: str(it.get("Default", "")) for name, it in PARAMETERS.items()} | given
    template = built(**given)
    conditions = {name: holds(it, values, template["Conditions"]) for name, it in template["Conditions"].items()}
    there = {name: it for name, it in template["Resources"].items() if conditions.get(it.get("Condition"), True)}
    return {name: resolved(it, values, conditions) for name, it in there.items()}


def kind(resources, wanted):
    return {name: it["Properties"] for name, it in resources.items() if it["Type"] == wanted}
