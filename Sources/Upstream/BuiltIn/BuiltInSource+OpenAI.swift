extension BuiltInSource {
    /// compat/rtmanage.md 3, with an honest client.
    static let openAI = #"""
        provider: openai
        title: OpenAI refresh tokens
        bases:
          auth: https://auth.openai.com
          backend: https://chatgpt.com/backend-api
        parameters:
          client_id: { default: app_WXrF1LSkiTtfYqiL6XtjygvX, description: "the client that the refresh token was issued to" }
          redirect_uri: { default: "com.openai.chat://auth0.openai.com/ios/com.openai.chat/callback", description: "of that client" }
        lead: 3600
        default_lifetime: 864000
        errors:
          code: [/error/code, /error]
          message: [/error/message, /error_description, /detail/message, /detail]
        steps:
          - name: refresh
            purpose: refresh
            consumes: refresh
            replay: never
            method: POST
            url: "{auth}/oauth/token"
            json:
              client_id: "{client_id}"
              grant_type: refresh_token
              redirect_uri: "{redirect_uri}"
              refresh_token: "{refresh}"
            success: 200
            take:
              access: /access_token
              refresh: { pointer: /refresh_token, optional: true }
            expires: { access: /expires_in }
            rules:
              - when:
                  status: [400, 401, 403]
                  body: { /error/code: [refresh_token_reused, refresh_token_expired, refresh_token_invalidated, invalid_grant] }
                verdict: dead
                reason: the refresh token is used, expired or revoked
              - when: { status: [400, 401, 403], body: { /error: invalid_grant } }
                verdict: dead
                reason: the refresh token is used, expired or revoked
              - when: { status: [400, 401, 403], body: { /error: [invalid_client, unauthorized_client] } }
                verdict: person
                unused: true
                reason: the client id is not accepted
              - when: { status: [400, 401, 403], body: { /error/code: [invalid_client, unauthorized_client] } }
                verdict: person
                unused: true
                reason: the client id is not accepted
          - name: user-info
            purpose: info
            consumes: access
            replay: safe
            url: "{backend}/me"
            headers: { Authorization: "Bearer {access}" }
            success: 200
            take:
              email: { pointer: /email, optional: true }
              name: { pointer: /name, optional: true }
            rules:
              - when: { status: 401 }
                verdict: dead
                reason: the access token is not accepted
          - name: account-info
            purpose: info
            consumes: access
            replay: safe
            url: "{backend}/accounts/check/v4-2023-04-27?timezone_offset_min=-480"
            headers: { Authorization: "Bearer {access}" }
            success: 200
            rules:
              - when: { status: 401 }
                verdict: dead
                reason: the access token is not accepted
        """#
}
