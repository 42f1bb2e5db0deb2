import CofferStore
import Crypto
import JWTKit

/// What a login token says (compat/rtmanage.md 1.1).
struct RTManageToken: JWTPayload, Equatable {
    static let issuer = "rt-manage"

    var username: String
    var iss = Self.issuer
    /// Unix seconds, so below.
    var iat: Int64
    var nbf: Int64
    var exp: Int64

    /// The issuer; time is looked at by who knows the clock.
    func verify(using algorithm: some JWTAlgorithm) throws {
        guard iss == Self.issuer else { throw JWTError.invalidJWK(reason: "another issuer") }
    }
}

/// Makes and checks login tokens. The key comes from the store each time; name and password are part of it, so that a new password ends
/// all logins (the original knows no revocation).
struct RTManageSigning: Sendable {
    private let key: @Sendable () throws(StoreError) -> SecretBuffer

    init(key: @escaping @Sendable () throws(StoreError) -> SecretBuffer) { self.key = key }

    private func keys(_ login: RTManageLogin) async throws(StoreError) -> JWTKeyCollection {
        let key = try key()
        let code = withExtendedLifetime((key, login)) {
            var code = HMAC<SHA256>(key: SymmetricKey(data: key.bytes))
            // The name's length keeps the two apart.
            code.update(data: Array("coffer rtmanage login \(login.username.utf8.count) \(login.username)".utf8))
            code.update(data: login.password.bytes)
            return code.finalize()
        }
        return await JWTKeyCollection().add(hmac: HMACKey(key: SymmetricKey(data: code)), digestAlgorithm: .sha256)
    }

    func signed(_ token: RTManageToken, _ login: RTManageLogin) async throws(StoreError) -> String {
        let keys = try await keys(login)
        do { return try await keys.sign(token) } catch { throw StoreError(.failed, "a login token could not be signed") }
    }

    /// - Parameter now: Unix seconds.
    /// - Returns: `nil` for all that was not signed here for this login, and for what is too old or too young.
    func verified(_ text: String, _ login: RTManageLogin, now: Int64) async throws(StoreError) -> RTManageToken? {
        guard CompactToken.isPlainHS256(text) else { return nil }
        guard let token = try? await keys(login).verify(text, as: RTManageToken.self) else { return nil }
        return token.exp > now && token.nbf <= now && token.username == login.username ? token : nil
    }
}

/// The one account of the door, from the store.
struct RTManageLogin: Sendable {
    var username: String
    var password: SecretBuffer
}
