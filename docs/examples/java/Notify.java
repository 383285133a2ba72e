// A backend in Java 17: software.amazon.awssdk:sqs, and a JSON library of your choice in place of `json`.
//
// java -cp "$AWS_SDK_CLASSPATH" Notify.java role alice admin | log-out alice | licence acme pro | toast "At ten."

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.sqs.SqsClient;

public class Notify {
    private static final String HUB = "notifications";
    private static final String USAGE = "usage: QUEUE_URL=.. java Notify.java role USER ROLE | log-out USER | licence GROUP PLAN | toast TEXT";

    private final SqsClient sqs;
    private final String queueUrl;

    Notify(SqsClient sqs, String queueUrl) {
        this.sqs = sqs;
        this.queueUrl = queueUrl;
    }

    public static void main(String[] args) throws Exception {
        String queueUrl = System.getenv("QUEUE_URL");
        String command = args.length == 0 ? "" : args[0] + " " + (args.length - 1);
        if (queueUrl == null || !List.of("role 2", "log-out 1", "licence 2", "toast 1").contains(command)) {
            System.err.println(USAGE);
            System.exit(2);
        }
        // Region, credentials and, for the local stack, the endpoint come from the environment.
        try (SqsClient sqs = SqsClient.create()) {
            Notify notify = new Notify(sqs, queueUrl);
            switch (args[0]) {
                case "role" -> notify.roleChanged(args[1], args[2]);
                case "log-out" -> notify.logOut(args[1]);
                case "licence" -> notify.licenceChanged(args[1], args[2]);
                default -> notify.toast(args[1]);
            }
        }
    }

    void roleChanged(String user, String role) throws Exception {
        send("user:" + user, Map.of("userId", user, "target", "permissionsChanged",
                "arguments", List.of(Map.of("role", role))));
    }

    /** In one message, so that the tabs are told before they are closed. */
    void logOut(String user) throws Exception {
        send("user:" + user, List.of(
                Map.of("userId", user, "target", "log_off_initiated"),
                Map.of("userId", user, "action", "close", "reason", "You have been signed out.")));
    }

    void licenceChanged(String group, String plan) throws Exception {
        send("group:" + group, Map.of("groupName", group, "target", "licenceChanged",
                "arguments", List.of(Map.of("plan", plan))));
    }

    void toast(String text) throws Exception {
        send("hub", Map.of("everyone", true, "target", "toast", "arguments", List.of(text)));
    }

    private void send(String channel, Object envelope) throws Exception {
        String group = messageGroup(channel);
        sqs.sendMessage(request -> request
                .queueUrl(queueUrl)
                .messageGroupId(group)
                // Two sends of the same text are two notifications; use an id of your own to send something once.
                .messageDeduplicationId(UUID.randomUUID().toString())
                .messageBody(json(envelope)));
    }

    /** What must stay in order shares a group; names that SQS does not take go as their digest. */
    private static String messageGroup(String channel) throws Exception {
        String name = HUB + ":" + channel;
        if (name.matches("[!-~]{1,128}")) {
            return name;
        }
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Notify::json).collect(Collectors.joining(",", "[", "]"));
        }
        return value instanceof String text ? quoted(text) : String.valueOf(value);
    }

    private static String quoted(String text) {
        return text.chars()
                .mapToObj(c -> c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : String.valueOf((char) c))
                .collect(Collectors.joining("", "\"", "\""));
    }
}
