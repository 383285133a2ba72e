// A backend in C#: AWSSDK.SQS. Reviewed by hand: no test of this repository compiles it.
//
// dotnet run -- role alice admin | log-out alice | licence acme pro | toast "Maintenance at ten."
// AWSSDK 4 ignores the host of QUEUE_URL: for the local stack set AWS_ENDPOINT_URL_SQS, or the message goes to AWS.

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Amazon.SQS;
using Amazon.SQS.Model;

const string Hub = "notifications";
const string Usage = "usage: QUEUE_URL=.. dotnet run -- role USER ROLE | log-out USER | licence GROUP PLAN | toast TEXT";
var queueUrl = Environment.GetEnvironmentVariable("QUEUE_URL");
if (queueUrl is null || args is not (["role", _, _] or ["log-out", _] or ["licence", _, _] or ["toast", _]))
{
    Console.Error.WriteLine(Usage);
    return 2;
}

// Region, credentials and, for the local stack, the endpoint come from the environment, as for every AWS SDK.
using var sqs = new AmazonSQSClient();

await (args switch
{
    ["role", var user, var role] => RoleChanged(user, role),
    ["log-out", var user] => LogOut(user),
    ["licence", var group, var plan] => LicenceChanged(group, plan),
    _ => Toast(args[1]),
});
return 0;

Task RoleChanged(string user, string role) =>
    Send($"user:{user}", new { userId = user, target = "permissionsChanged", arguments = new[] { new { role } } });

// In one message, so that the tabs are told before they are closed.
Task LogOut(string user) =>
    Send($"user:{user}", new object[]
    {
        new { userId = user, target = "log_off_initiated" },
        new { userId = user, action = "close", reason = "You have been signed out." },
    });

Task LicenceChanged(string group, string plan) =>
    Send($"group:{group}", new { groupName = group, target = "licenceChanged", arguments = new[] { new { plan } } });

Task Toast(string text) =>
    Send("hub", new { everyone = true, target = "toast", arguments = new[] { text } });

Task Send(string channel, object envelope) =>
    sqs.SendMessageAsync(new SendMessageRequest
    {
        QueueUrl = queueUrl,
        MessageGroupId = MessageGroup(channel),
        // Two sends of the same text are two notifications; use an id of your own to send something once.
        MessageDeduplicationId = Guid.NewGuid().ToString(),
        // In camelCase, as hubs write: JsonSerializer alone writes PascalCase, which handlers in browsers do not find.
        MessageBody = JsonSerializer.Serialize(envelope, JsonSerializerOptions.Web),
    });

// What must stay in order shares a group; names that SQS does not take go as their digest.
static string MessageGroup(string channel)
{
    var name = $"{Hub}:{channel}";
    return Regex.IsMatch(name, @"\A[!-~]{1,128}\z")
        ? name
        : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name))).ToLowerInvariant();
}
