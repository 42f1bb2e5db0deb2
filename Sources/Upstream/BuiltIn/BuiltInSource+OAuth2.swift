extension BuiltInSource {
    /// RFC 6749 6, with client authentication of 2.3.1.
    static let oauth2 = #"""
        provider: oauth2
        title: OAuth 2 refresh tokens (RFC 6749)
        parameters:
          token_url: { type: url, required: true, description: "the token endpoint" }
          client_id: { description: "as registered; may be absent where the server knows the client otherwise" }
          client_secret: { secret: true, description: "absent for a public client" }
          client_auth: { default: body, choices: [body, basic], description: "where id and secret of the client go" }
          scope: { description: "a narrower scope to ask for" }
          resource: { description: "RFC 8707" }
          audience: { description: "as some servers want it" }
          extra: { secret: true, description: "further form fields: name=value&name=value" }
          rotation: { type: replay, default: rotating, description: "rotating (a refresh token works once), static, or grace:SECONDS" }
        lead: 300
        default_lifetime: 3600
        errors:
          code: [/error/code, /error]
          message: [/error_description, /error/message, /message]
        steps:
          - name: refresh
            purpose: refresh
            consumes: refresh
            replay: "{rotation}"
            method: POST
            url: "{token_url}"
            headers: { Accept: application/json }
            basic: { user: "{client_id}", password: "{client_secret}", when: { client_auth: basic } }
            form:
              grant_type: refresh_token
              refresh_token: "{refresh}"
              client_id: { value: "{client_id}", when: { client_auth: body } }
              client_secret: { value: "{client_secret}", when: { client_auth: body } }
              scope: "{scope}"
              resource: "{resource}"
              audience: "{audience}"
            form_extra: extra
            take:
              access: /access_token
              refresh: { pointer: /refresh_token, optional: true }
            expires:
              access: /expires_in
              refresh: /refresh_expires_in
            rules:
              - when: { status: [200, 400, 401], body: { /error: [invalid_grant, bad_refresh_token] } }
                verdict: dead
                reason: the refresh token is used, expired or revoked
              - when: { status: [200, 4xx], body: { /error: [invalid_client, unauthorized_client, incorrect_client_credentials] } }
                verdict: person
                unused: true
                reason: the client id or secret is not accepted
              - when: { status: [200, 4xx], body: { /error: [invalid_request, invalid_scope, invalid_target, unsupported_grant_type] } }
                verdict: person
                unused: true
                reason: the request is not accepted; see the parameters
              - when: { status: [200, 4xx, 503], body: { /error: [slow_down, temporarily_unavailable] } }
                verdict: limited
                reason: the server asks to try later
              - when: { status: 200, body: { /error: { exists: true }, /access_token: { exists: false } } }
                verdict: down
                reason: the server answered with an error
        """#
}
