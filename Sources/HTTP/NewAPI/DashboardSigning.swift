import CofferStore
import Crypto
import JWTKit

/// What a login token says: who, by which session, until when (compat/newapi.md 1.1, the newest generation).
struct DashboardToken: JWTPayload, Equatable {
    static let issuer = "new-api"
    static let audience = "new-api-dashboard"
    /// Seconds.
    static let lifetime: Int64 = 900

    var iss = Self.issuer
    var aud = Self.audience
    /// The user's id.
    var sub: String
    /// The session's; says nothing to who lacks the signing key.
    var sid: String
    /// Unix seconds, so below.
    var iat: Int64
    var exp: Int64

    /// Issuer and audience; time is looked at by who knows the clock.
    func verify(using algorithm: some JWTAlgorithm) throws {
        guard iss == Self.issuer, aud == Self.audience else { throw JWTError.invalidJWK(reason: "another issuer or audience") }
    }
}

/// Makes and checks what a login hands out. The key comes from the store each time and is not kept.
struct DashboardSigning: Sendable {
    private let key: @Sendable () throws(StoreError) -> SecretBuffer

    init(key: @escaping @Sendable () throws(StoreError) -> SecretBuffer) { self.key = key }

    /// One key for each purpose, so that no answer of one is a token of the other.
    private func subkey(_ purpose: String) throws(StoreError) -> SymmetricKey {
        let key = try key()
        let code = withExtendedLifetime(key) {
            HMAC<SHA256>.authenticationCode(for: Array("coffer newapi \(purpose)".utf8), using: SymmetricKey(data: key.bytes))
        }
        return SymmetricKey(data: code)
    }

    /// The session's secret, which the cookie carries. The login token names the session only, yet ends with it.
    func sessionToken(_ sid: String) throws(StoreError) -> SecretBuffer {
        let code = HMAC<SHA256>.authenticationCode(for: Array(sid.utf8), using: try subkey("session"))
        return SecretBuffer(Array(Base64URL.encoded(Array(code)).utf8))
    }

    func signed(_ token: DashboardToken) async throws(StoreError) -> String {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(key: try subkey("login")), digestAlgorithm: .sha256)
        do { return try await keys.sign(token) } catch { throw StoreError(.failed, "a login token could not be signed") }
    }

    /// - Returns: `nil` for all that was not signed here. Whether it has expired is not looked at.
    func verified(_ text: String) async throws(StoreError) -> DashboardToken? {
        guard CompactToken.isPlainHS256(text) else { return nil }
        let keys = await JWTKeyCollection().add(hmac: HMACKey(key: try subkey("login")), digestAlgorithm: .sha256)
        return try? await keys.verify(text, as: DashboardToken.self)
    }
}
