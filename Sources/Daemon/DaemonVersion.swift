/// The version of this daemon, for people.
public enum DaemonVersion {
    public static let number = "0.1.0"
}
