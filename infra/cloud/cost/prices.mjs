// What AWS and Azure charge, each price with the page that says so and when that page said it.
//
// `by` is "AWS" when AWS's own page has the figure, "AWS's price list" when the list that AWS gives to programs has it,
// and "others" else; `when` is what the page, or the copy of it, is dated. All were looked up on READ, as copies that
// others store: look at AWS's page before you sign anything.

/** When the pages were looked up. */
export const READ = "2026-12-01";

const MILLION = 1e6;

/** US dollars in us-east-1, without free tiers: [what, dollars, for how many, page, who says so, when]. */
export const PRICED = {
  message: ["a WebSocket message, each way, up to 32 KB", 1.0, MILLION, "aws.amazon.com/api-gateway/pricing", "AWS", "2026-09-20"],
  connectionMinute: ["a connection minute", 0.25, MILLION, "aws.amazon.com/api-gateway/pricing", "AWS", "2026-09-20"],
  httpRequest: ["a request to the HTTP API", 1.0, MILLION, "aws.amazon.com/api-gateway/pricing", "AWS", "2026-09-20"],
  invocation: ["an invocation of a function", 0.2, MILLION, "cloudchipr.com/blog/aws-lambda-pricing", "others", "2024"],
  gigabyteSecond: ["a GB-second of a function on arm64", 0.0000133334, 1, "cloudchipr.com/blog/aws-lambda-pricing", "others", "2024"],
  write: ["a write of 1 KB on demand", 0.625, MILLION, "aws.amazon.com/dynamodb/pricing/on-demand", "others", "2024-11"],
  read: ["a read of 4 KB on demand", 0.125, MILLION, "aws.amazon.com/dynamodb/pricing/on-demand", "others", "2024-11"],
  queueRequest: ["a request to an SQS FIFO queue", 0.5, MILLION, "factualminds.com/blog/amazon-sqs-pricing-64kb-rule-fifo-vs-standard", "others", "2026"],
  logGigabyte: ["a GB of logs taken in", 0.5, 1, "factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards", "others", "2026-06-13"],
  metricMonth: ["a metric of one's own, for a month", 0.3, 1, "signoz.io/guides/cloudwatch-pricing", "others", "2026-02-15"],
  alarmMonth: ["a metric that an alarm looks at, for a month", 0.1, 1, "aws.amazon.com/cloudwatch/pricing", "AWS's price list", "2025-10-28"],
  compositeMonth: ["a composite alarm, for a month", 0.5, 1, "aws.amazon.com/cloudwatch/pricing", "AWS's price list", "2025-10-28"],
  dashboardMonth: ["a dashboard, for a month", 3.0, 1, "factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards", "others", "2026-06-13"],
  secretMonth: ["a secret, for a month", 0.4, 1, "aws.amazon.com/secrets-manager/pricing", "AWS", "2026-09-20"],
  keyMonth: ["a KMS key of one's own, for a month", 1.0, 1, "aws.amazon.com/kms/pricing", "AWS", "2026"],
  keyRequest: ["a request to KMS", 0.03, 10_000, "wring.co/blog/aws-kms-pricing-guide", "others", "2026"],
  trace: ["a trace that X-Ray records", 5.0, MILLION, "aws.amazon.com/xray/pricing", "AWS", "2026"],
};

/** US dollars for one of each. */
export const PRICES = Object.fromEntries(Object.entries(PRICED).map(([name, [, dollars, many]]) => [name, dollars / many]));

/** Azure SignalR Service, Standard: a secondary source (plavos.com), since Azure's own page could not be read. */
export const AZURE = { unitMonth: 49.1, connectionsOfUnit: 1000, messagesOfUnitDay: 1e6, millionMessages: 1.0 };

const many = (count) => (count === 1 ? "1" : count === MILLION ? "a million" : count.toLocaleString("en-US"));
const written = (dollars) => (dollars < 0.01 ? dollars.toFixed(10) : dollars.toFixed(dollars < 0.2 ? 3 : 2));

/** The prices with their sources, in Markdown. */
export function priceTable() {
  const row = ([what, dollars, count, page, by, when]) =>
    `| ${what} | ${written(dollars)} | ${many(count)} | [${page.split("/")[0]}](https://${page}) | ${by}, ${when} |`;
  const head = ["what", "dollars", "for", "page", "who says so, and when"];
  return [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...Object.values(PRICED).map(row)].join("\n");
}
