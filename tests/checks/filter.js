// Reads the JSON filter patterns of CloudWatch Logs that infra/cloud/observability.yaml uses: comparisons of a field
// with a text, in which * stands for anything, joined by && and ||, in brackets.

/** Whether a log line matches a pattern. Lines that are no JSON match none. */
export function matches(pattern, line) {
  const tokens = pattern.match(/"[^"]*"|&&|\|\||!=|[{}()=]|\$[\w.]+/g);
  const event = parsed(line);
  if (event === undefined) return false;
  const [found, rest] = either(tokens.slice(1), event);
  if (rest.join() !== "}") throw new Error(`not understood: ${pattern}, from ${rest.join(" ")}`);
  return found;
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function either(tokens, event) {
  let [found, rest] = both(tokens, event);
  while (rest[0] === "||") {
    const [other, after] = both(rest.slice(1), event);
    [found, rest] = [found || other, after];
  }
  return [found, rest];
}

function both(tokens, event) {
  let [found, rest] = single(tokens, event);
  while (rest[0] === "&&") {
    const [other, after] = single(rest.slice(1), event);
    [found, rest] = [found && other, after];
  }
  return [found, rest];
}

function single(tokens, event) {
  if (tokens[0] === "(") {
    const [found, [closing, ...rest]] = either(tokens.slice(1), event);
    if (closing !== ")") throw new Error("a bracket is open");
    return [found, rest];
  }
  const [field, operator, text, ...rest] = tokens;
  const value = field.split(".").slice(1).reduce((inner, name) => inner?.[name], event);
  const wanted = new RegExp(`^${text.slice(1, -1).replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
  // A field that is not there is neither equal nor different.
  if (value === undefined) return [false, rest];
  return [wanted.test(String(value)) === (operator === "="), rest];
}
