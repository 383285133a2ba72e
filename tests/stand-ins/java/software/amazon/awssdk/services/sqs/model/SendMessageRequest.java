package software.amazon.awssdk.services.sqs.model;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

public final class SendMessageRequest {
    private SendMessageRequest() {}

    public static final class Builder {
        private final Map<String, String> fields = new TreeMap<>();

        public Builder queueUrl(String value) {
            return with("QueueUrl", value);
        }

        public Builder messageGroupId(String value) {
            return with("MessageGroupId", value);
        }

        public Builder messageDeduplicationId(String value) {
            return with("MessageDeduplicationId", value);
        }

        public Builder messageBody(String value) {
            return with("MessageBody", value);
        }

        private Builder with(String name, String value) {
            fields.put(name, value);
            return this;
        }

        public String json() {
            return fields.entrySet().stream()
                    .map(field -> quoted(field.getKey()) + ":" + quoted(field.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        }

        private static String quoted(String text) {
            return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
        }
    }
}
