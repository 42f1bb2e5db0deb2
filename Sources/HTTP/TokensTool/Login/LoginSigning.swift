import CofferStore
import Crypto
import JWTKit

/// What a login of this door's page says (compat/tokenstool.md 5, W6): opaque to its clients.
struct LoginClaims: JWTPayload, Equatable {
    var sub: String
    /// Unix seconds, so below.
    var iat: Int64
    var exp: Int64
    /// Makes each one its own.
    var jti: String

    /// Time is looked at by who knows the clock.
    func verify(using algorithm: some JWTAlgorithm) throws {}
}

/// Signs and checks logins. The key depends on login name and password: when one of them changes, every login is over. It is kept in the
/// store, so a restart ends none.
struct LoginSigning: Sendable {
    let key: @Sendable () throws(StoreError) -> SecretBuffer

    private func subkey(_ name: String, _ password: SecretBuffer) throws(StoreError) -> SymmetricKey {
        let key = try key()
        defer { withExtendedLifetime((key, password)) {} }
        var code = HMAC<SHA256>(key: SymmetricKey(data: key.bytes))
        code.update(data: Array("coffer tokenstool login ".utf8))
        // The length keeps name and password apart.
        code.update(data: Array("\(name.utf8.count):\(name)".utf8))
        code.update(data: password.bytes)
        return SymmetricKey(data: code.finalize())
    }

    func signed(_ claims: LoginClaims, password: SecretBuffer) async throws(StoreError) -> String {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(key: try subkey(claims.sub, password)), digestAlgorithm: .sha256)
        do { return try await keys.sign(claims) } catch { throw StoreError(.failed, "a login could not be signed") }
    }

    /// - Parameters:
    ///   - name: who may log in now.
    ///   - now: Unix milliseconds.
    /// - Returns: `nil` for all that was not signed here for this name and password, and for what is over.
    func verified(_ text: String, name: String, password: SecretBuffer, now: UInt64) async throws(StoreError) -> LoginClaims? {
        guard text.utf8.count <= 4_096, CompactToken.isPlainHS256(text) else { return nil }
        let keys = await JWTKeyCollection().add(hmac: HMACKey(key: try subkey(name, password)), digestAlgorithm: .sha256)
        guard let claims = try? await keys.verify(text, as: LoginClaims.self), claims.sub == name,
            claims.exp > Int64(clamping: now / 1_000)
        else { return nil }
        return claims
    }
}
