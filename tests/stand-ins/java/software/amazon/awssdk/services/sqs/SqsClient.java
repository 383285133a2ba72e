// Stands in for the AWS SDK for Java where its jars cannot be had: the few types that examples use,
// with the SDK's own names and signatures, sending by the JSON protocol of SQS and unsigned.
package software.amazon.awssdk.services.sqs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.function.Consumer;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

public interface SqsClient extends AutoCloseable {
    static SqsClient create() {
        return builder().build();
    }

    static SqsClientBuilder builder() {
        return new SqsClientBuilder();
    }

    /** Not of the SDK: where the stand-in sends. */
    URI endpoint();

    default void sendMessage(Consumer<SendMessageRequest.Builder> request) {
        SendMessageRequest.Builder builder = new SendMessageRequest.Builder();
        request.accept(builder);
        HttpRequest post = HttpRequest.newBuilder(endpoint())
                .header("Content-Type", "application/x-amz-json-1.0")
                .header("X-Amz-Target", "AmazonSQS.SendMessage")
                .POST(HttpRequest.BodyPublishers.ofString(builder.json()))
                .build();
        try {
            var answer = HttpClient.newHttpClient().send(post, BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(answer.body());
            }
        } catch (IOException err) {
            throw new UncheckedIOException(err);
        } catch (InterruptedException err) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    default void close() {}
}
