//! A template of CloudFormation with the parameters of its stack filled in.
//!
//! Only what parameters decide is filled in. What a resource's name or a hidden
//! parameter decides stays unknown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const FUNCTION: &str = "AWS::Lambda::Function";

/// A template, after SAM's transform, and the parameters of its stack.
#[derive(Debug)]
pub(super) struct Template<'a> {
    /// The name of the stack.
    pub(super) stack: &'a str,
    /// The template.
    pub(super) body: &'a Value,
    /// The values of the parameters.
    pub(super) parameters: &'a BTreeMap<String, String>,
}

/// What the parameters make of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filled {
    /// This text.
    Text(String),
    /// Nothing: the template leaves the value out.
    Absent,
    /// Something that the parameters do not say.
    Unknown,
}

/// A variable of a function, as the stack asks for the variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    /// The name of the variable.
    pub(super) name: &'a str,
    /// The value.
    pub(super) value: Filled,
    /// The parameters that the value depends on.
    pub(super) parameters: BTreeSet<String>,
}

impl<'a> Template<'a> {
    /// The functions that the stack may have, by their names, each with its variables.
    pub(super) fn functions(&self) -> BTreeMap<String, Vec<Wanted<'a>>> {
        let resources =
            self.body["Resources"].as_object().into_iter().flat_map(serde_json::Map::values);
        let functions = resources.filter(|resource| resource["Type"] == FUNCTION);
        let there = functions.filter(|resource| {
            resource["Condition"]
                .as_str()
                .is_none_or(|name| self.holds_by_name(name) != Some(false))
        });
        let named = there.filter_map(|function| {
            let properties = &function["Properties"];
            match self.fill(&properties["FunctionName"]) {
                Filled::Text(name) => Some((name, self.variables(properties))),
                _ => None,
            }
        });
        named.collect()
    }

    fn variables(&self, properties: &'a Value) -> Vec<Wanted<'a>> {
        let variables = properties["Environment"]["Variables"].as_object().into_iter().flatten();
        let wanted = variables.map(|(name, value)| {
            let mut parameters = BTreeSet::new();
            self.gather(value, &mut parameters);
            Wanted { name, value: self.fill(value), parameters }
        });
        wanted.collect()
    }

    /// Adds the parameters that a value, or a condition in the value, depends on.
    fn gather(&self, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(list) => list.iter().for_each(|one| self.gather(one, found)),
            Value::Object(members) => {
                for (name, operand) in members {
                    self.gather_of(name, operand, found);
                }
            }
            _ => {}
        }
    }

    fn gather_of(&self, function: &str, operand: &Value, found: &mut BTreeSet<String>) {
        let mut name_parameter = |name: &str| {
            if self.parameters.contains_key(name) {
                found.insert(name.to_owned());
            }
        };
        match (function, operand) {
            ("Ref", Value::String(name)) => name_parameter(name),
            ("Fn::Sub", Value::String(text)) => placeholders(text).for_each(name_parameter),
            ("Fn::Sub", Value::Array(list)) => {
                let text = list.first().and_then(Value::as_str).unwrap_or_default();
                placeholders(text).for_each(name_parameter);
                self.gather(operand, found);
            }
            ("Condition", Value::String(name)) => {
                self.gather(&self.body["Conditions"][name.as_str()], found);
            }
            ("Fn::If", Value::Array(list)) => {
                let name = list.first().and_then(Value::as_str).unwrap_or_default();
                self.gather(&self.body["Conditions"][name], found);
                self.gather(operand, found);
            }
            _ => self.gather(operand, found),
        }
    }

    /// What the parameters make of a value.
    fn fill(&self, value: &Value) -> Filled {
        match value {
            Value::String(text) => Filled::Text(text.clone()),
            Value::Number(_) | Value::Bool(_) => Filled::Text(value.to_string()),
            Value::Object(members) if members.len() == 1 => {
                let call = members.iter().next();
                call.map_or(Filled::Unknown, |(name, operand)| self.call(name, operand))
            }
            _ => Filled::Unknown,
        }
    }

    fn call(&self, function: &str, operand: &Value) -> Filled {
        match (function, operand) {
            ("Ref", Value::String(name)) => self.named(name),
            ("Fn::If", Value::Array(list)) => match list.as_slice() {
                [Value::String(name), yes, no] => match self.holds_by_name(name) {
                    Some(holds) => self.fill(if holds { yes } else { no }),
                    None => Filled::Unknown,
                },
                _ => Filled::Unknown,
            },
            ("Fn::Sub", Value::String(text)) => self.substituted(text),
            ("Fn::Join", Value::Array(list)) => match list.as_slice() {
                [Value::String(separator), Value::Array(parts)] => self.joined(separator, parts),
                // A list of texts comes as one text, with commas.
                [Value::String(separator), list] => match self.fill(list) {
                    Filled::Text(text) => Filled::Text(text.replace(',', separator)),
                    other => other,
                },
                _ => Filled::Unknown,
            },
            ("Fn::FindInMap", Value::Array(path)) => self.mapped(path),
            _ => Filled::Unknown,
        }
    }

    fn named(&self, name: &str) -> Filled {
        match name {
            "AWS::NoValue" => Filled::Absent,
            "AWS::StackName" => Filled::Text(self.stack.to_owned()),
            _ if self.is_hidden(name) => Filled::Unknown,
            _ => self.parameters.get(name).map_or(Filled::Unknown, |it| Filled::Text(it.clone())),
        }
    }

    /// Whether CloudFormation shows asterisks in place of the parameter.
    fn is_hidden(&self, name: &str) -> bool {
        match &self.body["Parameters"][name]["NoEcho"] {
            Value::Bool(hidden) => *hidden,
            hidden => hidden == "true",
        }
    }

    fn substituted(&self, text: &str) -> Filled {
        let mut filled = text.to_owned();
        for name in placeholders(text) {
            match self.named(name) {
                Filled::Text(value) => filled = filled.replace(&format!("${{{name}}}"), &value),
                _ => return Filled::Unknown,
            }
        }
        Filled::Text(filled)
    }

    fn joined(&self, separator: &str, parts: &[Value]) -> Filled {
        let mut texts = Vec::new();
        for part in parts {
            match self.fill(part) {
                Filled::Text(text) => texts.push(text),
                Filled::Absent => {}
                Filled::Unknown => return Filled::Unknown,
            }
        }
        Filled::Text(texts.join(separator))
    }

    fn mapped(&self, path: &[Value]) -> Filled {
        let mut place = &self.body["Mappings"];
        for key in path {
            match self.fill(key) {
                Filled::Text(key) => place = &place[key.as_str()],
                _ => return Filled::Unknown,
            }
        }
        self.fill(place)
    }

    fn holds_by_name(&self, name: &str) -> Option<bool> {
        self.holds(&self.body["Conditions"][name])
    }

    /// Whether a condition holds; none where the parameters do not say so.
    fn holds(&self, condition: &Value) -> Option<bool> {
        let (function, operand) = condition.as_object()?.iter().next()?;
        if let Value::String(name) = operand {
            return self.holds_by_name(name);
        }
        let operands = operand.as_array()?;
        match function.as_str() {
            "Fn::Not" => self.holds(operands.first()?).map(|holds| !holds),
            "Fn::And" => self.is_in_all(operands, true),
            "Fn::Or" => self.is_in_all(operands, false).map(|none| !none),
            "Fn::Equals" => match (self.fill(operands.first()?), self.fill(operands.get(1)?)) {
                (Filled::Text(one), Filled::Text(other)) => Some(one == other),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether each of the conditions comes to `wanted`: one that does not decides, whatever the others are.
    fn is_in_all(&self, conditions: &[Value], wanted: bool) -> Option<bool> {
        let mut all = Some(true);
        for condition in conditions {
            match self.holds(condition) {
                Some(holds) if holds != wanted => return Some(false),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }
}

/// The names in `${..}`.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(variables: &Value) -> Value {
        json!({
            "Parameters": { "Secret": { "NoEcho": true }, "Hubs": {}, "Queue": {}, "Url": {} },
            "Mappings": { "Both": { "Size": { "5": "10" } } },
            "Conditions": {
                "HasUrl": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Url" }, ""] }] },
                "HasSecret": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "Secret" }, ""] }] },
                "HasQueue": { "Fn::Or": [{ "Condition": "HasSecret" }, { "Fn::Equals": [{ "Ref": "Queue" }, "true"] }] },
                "HasBoth": { "Fn::And": [{ "Condition": "HasSecret" }, { "Condition": "HasUrl" }] },
            },
            "Resources": {
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "FunctionName": { "Fn::Sub": "${AWS::StackName}-connect" },
                        "Environment": { "Variables": variables },
                    },
                },
                "None": { "Type": "AWS::Lambda::Function", "Condition": "HasUrl", "Properties": { "FunctionName": "x" } },
                "Perhaps": { "Type": "AWS::Lambda::Function", "Condition": "HasSecret", "Properties": { "FunctionName": "y" } },
                "Table": { "Type": "AWS::DynamoDB::Table", "Properties": {} },
            },
        })
    }

    fn parameters() -> BTreeMap<String, String> {
        let pairs =
            [("Hubs", "a,b"), ("Queue", "true"), ("Url", ""), ("Secret", "****"), ("Size", "5")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn wanted(value: &Value) -> (Filled, Vec<String>) {
        let (body, parameters) = (body(&json!({ "X": value })), parameters());
        let template = Template { stack: "hubcast", body: &body, parameters: &parameters };
        let mut functions = template.functions();
        let wanted = functions.remove("hubcast-connect").unwrap().remove(0);
        (wanted.value, wanted.parameters.into_iter().collect())
    }

    fn text(text: &str) -> Filled {
        Filled::Text(text.to_owned())
    }

    #[test]
    fn values_are_what_the_parameters_make_of_them() {
        let none = json!({ "Ref": "AWS::NoValue" });
        for (value, filled, parameters) in [
            (json!({ "Ref": "Hubs" }), text("a,b"), vec!["Hubs"]),
            (json!(5), text("5"), vec![]),
            (json!({ "Fn::Sub": "${AWS::StackName}-${Hubs}" }), text("hubcast-a,b"), vec!["Hubs"]),
            (json!({ "Fn::If": ["HasUrl", { "Ref": "Url" }, none] }), Filled::Absent, vec!["Url"]),
            (json!({ "Fn::If": ["HasQueue", "q", none] }), text("q"), vec!["Queue", "Secret"]),
            (json!({ "Fn::If": ["HasBoth", "q", "r"] }), text("r"), vec!["Secret", "Url"]),
            (json!({ "Fn::If": ["HasSecret", "q", none] }), Filled::Unknown, vec!["Secret"]),
            (json!({ "Ref": "Secret" }), Filled::Unknown, vec!["Secret"]),
            (
                json!({ "Fn::Join": ["-", ["x", none, { "Ref": "Hubs" }]] }),
                text("x-a,b"),
                vec!["Hubs"],
            ),
            (json!({ "Fn::Join": ["", { "Ref": "Hubs" }] }), text("ab"), vec!["Hubs"]),
            (
                json!({ "Fn::FindInMap": ["Both", "Size", { "Ref": "Size" }] }),
                text("10"),
                vec!["Size"],
            ),
            (json!({ "Fn::GetAtt": ["Table", "Arn"] }), Filled::Unknown, vec![]),
            (json!({ "Ref": "Table" }), Filled::Unknown, vec![]),
        ] {
            let found = wanted(&value);
            assert_eq!(found.0, filled, "{value}");
            assert_eq!(found.1, parameters, "{value}");
        }
    }

    #[test]
    fn functions_are_those_that_the_stack_may_have() {
        let (body, parameters) = (body(&json!({})), parameters());
        let template = Template { stack: "hubcast", body: &body, parameters: &parameters };
        let names: Vec<String> = template.functions().into_keys().collect();
        assert_eq!(names, ["hubcast-connect", "y"]);
    }
}
