package software.amazon.awssdk.auth.credentials;

public record AwsBasicCredentials(String accessKeyId, String secretAccessKey) {
    public static AwsBasicCredentials create(String accessKeyId, String secretAccessKey) {
        return new AwsBasicCredentials(accessKeyId, secretAccessKey);
    }
}
