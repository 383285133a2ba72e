package software.amazon.awssdk.services.sqs;

import java.net.URI;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;

public final class SqsClientBuilder {
    private URI endpoint = URI.create(System.getenv().getOrDefault("AWS_ENDPOINT_URL_SQS", ""));

    SqsClientBuilder() {}

    public SqsClientBuilder endpointOverride(URI value) {
        endpoint = value;
        return this;
    }

    public SqsClientBuilder region(Region value) {
        return this;
    }

    public SqsClientBuilder credentialsProvider(StaticCredentialsProvider value) {
        return this;
    }

    public SqsClient build() {
        return () -> endpoint;
    }
}
