extension BuiltInSource {
    /// compat/tokenstool.md 3, U1 to U11. Dead only by 401 and 403 (its quirk Q14); names go percent-encoded (its W10).
    static let pandora = #"""
        provider: pandora
        title: Pandora-style proxy (login, session, access, share, pools)
        bases:
          dash: https://dash.pandoranext.com
        parameters:
          base: { type: url, required: true, description: "the proxy with its prefix: http://127.0.0.1:8181/prefix" }
          out_url: { type: url, description: "the public address with the prefix, for the check of pools" }
          login: { default: session, choices: [session, refresh], description: "the token that a login gives" }
          show_userinfo: { type: boolean, default: "false", description: "whether a share token shows the mail address" }
          license_id: { secret: true, description: "for the quota" }
          share_tokens: { secret: true, required: true, per_call: true, description: "of the members, each with a line feed behind it" }
        concurrency: 1
        gap: 1000
        lead: 86400
        default_lifetime: 864000
        session_lifetime: 6912000
        errors:
          code: [/code, /error/code]
          message: [/detail, /message, /error/message, /error]
        steps:
          - name: login
            purpose: login
            when: { login: session }
            cost: 100
            timeout: 60000
            replay: safe
            method: POST
            url: "{base}/api/auth/login"
            multipart: { username: "{username}", password: "{password}" }
            success: 200
            take:
              session: { pointer: /session_token, prefix: eyJhb }
            rules:
              - when: { status: [400, 401, 403] }
                verdict: person
                reason: the login is not accepted
          - name: login2
            purpose: login
            when: { login: refresh }
            cost: 1000
            timeout: 60000
            replay: safe
            method: POST
            url: "{base}/api/auth/login2"
            multipart: { username: "{username}", password: "{password}" }
            success: 200
            take:
              refresh: /refresh_token
            rules:
              - when: { status: [400, 401, 403] }
                verdict: person
                reason: the login is not accepted
          - name: session
            purpose: exchange
            consumes: session
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/auth/session"
            multipart: { session_token: "{session}" }
            success: 200
            take:
              access: { pointer: /access_token, min_length: 401 }
            expires: { access: /expires_in }
            rules:
              - when: { status: [401, 403] }
                verdict: dead
                reason: the session is over
          - name: refresh
            purpose: refresh
            consumes: refresh
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/auth/refresh"
            multipart: { refresh_token: "{refresh}" }
            success: 200
            take:
              access: { pointer: /access_token, min_length: 401 }
            expires: { access: /expires_in }
            rules:
              - when: { status: [401, 403] }
                verdict: dead
                reason: the refresh token is over
          - name: share
            purpose: share
            consumes: access
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/token/register"
            headers: { Content-Type: "application/x-www-form-urlencoded; charset=utf-8" }
            form:
              unique_name: "{name}"
              access_token: "{access}"
              expires_in: "0"
              show_conversations: "false"
              show_userinfo: "{show_userinfo}"
            take:
              share: { pointer: /token_key, prefix: [fk-, pk-] }
            rules:
              - when: { status: [401, 403] }
                verdict: dead
                reason: the access token is not accepted
          - name: unshare
            purpose: unshare
            consumes: access
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/token/register"
            headers: { Content-Type: "application/x-www-form-urlencoded; charset=utf-8" }
            form:
              unique_name: "{name}"
              access_token: "{access}"
              expires_in: "-1"
              show_conversations: "false"
              show_userinfo: "{show_userinfo}"
            answer: any
            rules:
              - when: { status: [401, 403] }
                verdict: dead
                reason: the access token is not accepted
          - name: pool
            purpose: pool
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/pool/update"
            form:
              share_tokens: "{share_tokens}"
              pool_token: { value: "{pool}", otherwise: "" }
            take:
              pool: { pointer: /pool_token, contains: pk }
              count: /count
          - name: unpool
            purpose: unpool
            consumes: pool
            replay: safe
            timeout: 60000
            method: POST
            url: "{base}/api/pool/update"
            form:
              share_tokens: ""
              pool_token: "{pool}"
            success: [200, 400]
            take:
              detail: /detail
          - name: reload
            purpose: reload
            timeout: 60000
            method: POST
            url: "{base}/api/setup/reload"
            answer: any
          - name: quota
            purpose: quota
            timeout: 60000
            url: "{dash}/api/{license_id}/usage"
            take:
              current: /current
              total: /total
              ttl: /ttl
              ip: /ip
          - name: pool-check
            purpose: check
            consumes: pool
            replay: safe
            cost: 4
            timeout: 60000
            method: POST
            url: "{out_url}/v1/chat/completions"
            headers: { Authorization: "Bearer {pool}" }
            json:
              model: gpt-3.5-turbo
              messages:
                - { role: user, content: "Say this is a test!" }
              temperature: 0.7
            take:
              content: /choices/0/message/content
            rules:
              - when: { status: 404 }
                verdict: down
                reason: "HTTP 404: the public address is not right"
              - when: { status: [200, 400, 401, 403], json: true, body: { /choices: { exists: false } } }
                verdict: dead
                reason: the pool's token is over
        """#
}
