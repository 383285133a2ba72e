package software.amazon.awssdk.regions;

public enum Region {
    US_EAST_1
}
