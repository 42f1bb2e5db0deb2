extension BuiltInSource {
    /// compat/tokenstatuscheck.md 2.1 and 3, rows 12 to 17: the presence and type of `live` decides; anything else than an
    /// explicit refusal is no verdict.
    static let freeAPI = #"""
        provider: free-api
        title: Token check of the free-api family
        parameters:
          url: { type: url, required: true, description: "the whole address: http://host:8000/token/check" }
        concurrency: 4
        errors:
          code: /code
          message: /message
        steps:
          - name: check
            purpose: check
            consumes: access
            replay: safe
            timeout: 35000
            method: POST
            url: "{url}"
            json: { token: "{access}" }
            rules:
              - when: { status: 200, body: { /live: { type: bool, equals: "true" } } }
                verdict: ok
                reason: live
              - when: { status: 200, body: { /live: { type: bool, equals: "false" } } }
                verdict: dead
                reason: not live
              - when: { status: 200, body: { /live: { exists: false }, /code: "-2002" } }
                verdict: dead
                reason: the token has expired
              - when:
                  status: 200
                  body:
                    /live: { exists: false }
                    /code: "-2001"
                    /message: { contains: [authorization failed, invalid token, "40102", expired] }
                verdict: dead
                reason: the token is not accepted
              - when: { status: 2xx }
                verdict: down
                reason: the answer does not say whether the token lives
        """#

    /// compat/tokenstatuscheck.md 2.3: undocumented pages in two shapes, and the documented balance. No check of the upstream's is
    /// worked around: a login that it refuses is a person's matter.
    static let deepSeek = #"""
        provider: deepseek
        title: DeepSeek platform accounts
        bases:
          platform: https://platform.deepseek.com
          api: https://api.deepseek.com
        parameters:
          login_by: { default: mobile, choices: [mobile, email], description: "what the user name of the login is" }
          area_code: { default: "+86", description: "of the mobile number" }
          device_id: { description: "any text" }
          api_key: { secret: true, description: "an sk- key, for the balance" }
        concurrency: 1
        gap: 1000
        errors:
          code: [/data/biz_code, /code, /error/code]
          message: [/data/biz_msg, /msg, /error/message]
        steps:
          - name: summary
            purpose: summary
            consumes: access
            replay: safe
            url: "{platform}/api/v0/users/get_user_summary"
            headers: { Authorization: "Bearer {access}" }
            success: 200
            take:
              tokens:
                pointer: [/data/biz_data/total_available_token_estimation, /data/total_available_token_estimation]
            rules:
              - when: { body: { /code: ["40002", "40003"] } }
                verdict: dead
                reason: the token is not accepted
              - when: { status: 200, body: { /code: "0", /data/biz_code: { not: "0" } } }
                verdict: person
                unused: true
                reason: the account is refused
          - name: login
            purpose: login
            when: { login_by: mobile }
            cost: 100
            replay: safe
            method: POST
            url: "{platform}/auth-api/v0/users/login"
            json:
              email: ""
              mobile: "{username}"
              password: "{password}"
              area_code: "{area_code}"
              device_id: { $value: "{device_id}", $otherwise: "" }
              os: web
            success: 200
            take:
              access: [/data/biz_data/user/token, /data/user/token]
            rules:
              - when: { status: 200, body: { /code: "0", /data/biz_code: { not: "0" } } }
                verdict: person
                reason: the login is not accepted
              - when: { status: [400, 401, 403, 422] }
                verdict: person
                reason: the login is not accepted
              - when: { status: 200, body: { /code: { not: "0" } } }
                verdict: person
                reason: the login is not accepted
          - name: login-email
            purpose: login
            when: { login_by: email }
            cost: 100
            replay: safe
            method: POST
            url: "{platform}/auth-api/v0/users/login"
            json:
              email: "{username}"
              mobile: ""
              password: "{password}"
              area_code: ""
              device_id: { $value: "{device_id}", $otherwise: "" }
              os: web
            success: 200
            take:
              access: [/data/biz_data/user/token, /data/user/token]
            rules:
              - when: { status: 200, body: { /code: "0", /data/biz_code: { not: "0" } } }
                verdict: person
                reason: the login is not accepted
              - when: { status: [400, 401, 403, 422] }
                verdict: person
                reason: the login is not accepted
              - when: { status: 200, body: { /code: { not: "0" } } }
                verdict: person
                reason: the login is not accepted
          - name: balance
            purpose: summary
            url: "{api}/user/balance"
            headers: { Authorization: "Bearer {api_key}" }
            success: 200
            take:
              available: /is_available
              balance: { pointer: /balance_infos/0/total_balance, optional: true }
              currency: { pointer: /balance_infos/0/currency, optional: true }
            rules:
              - when: { status: 401 }
                verdict: dead
                reason: the API key is not accepted
        """#

    /// compat/tokenstool.md 3, U12: share channels of a one-api.
    static let oneAPI = #"""
        provider: one-api
        title: Channels of a one-api
        parameters:
          base: { type: url, required: true, description: "where one-api answers" }
          token: { secret: true, required: true, description: "an administrator's access token" }
          page: { type: integer, default: "0", per_call: true, description: "of the list" }
          id: { type: integer, required: true, per_call: true, description: "of a channel" }
          key: { secret: true, required: true, per_call: true, description: "the token that the channel uses" }
          url: { required: true, per_call: true, description: "the channel's base URL" }
          models: { per_call: true, description: "separated by commas" }
          group: { default: default, per_call: true, description: "of users" }
          model_mapping: { default: "{}", per_call: true, description: "JSON" }
          priority: { type: integer, default: "0", per_call: true, description: "of the channel" }
        concurrency: 2
        errors:
          code: /code
          message: /message
        rules:
          - when: { status: 2xx, body: { /success: { type: bool, equals: "true" } } }
            verdict: ok
          - when: { status: [2xx, 401, 403], json: true }
            verdict: person
            reason: one-api refused
          - when: { status: 2xx }
            verdict: down
            reason: the answer is not one-api's
        steps:
          - name: list
            url: "{base}/api/channel/"
            query: { p: "{page}" }
            headers: { Authorization: "Bearer {token}" }
          - name: create
            method: POST
            url: "{base}/api/channel/"
            headers: { Authorization: "Bearer {token}" }
            json:
              type: 8
              key: "{key}"
              name: "{name}"
              base_url: "{url}"
              other: ""
              models: { $value: "{models}", $otherwise: "" }
              group: "{group}"
              groups: ["{group}"]
              model_mapping: "{model_mapping}"
          - name: update
            method: PUT
            url: "{base}/api/channel/?p=0"
            headers: { Authorization: "Bearer {token}" }
            json:
              id: "{id}"
              type: 8
              key: "{key}"
              name: "{name}"
              base_url: "{url}"
              other: ""
              models: { $value: "{models}", $otherwise: "" }
              group: "{group}"
              groups: ["{group}"]
              model_mapping: "{model_mapping}"
              priority: "{priority}"
          - name: priority
            method: PUT
            url: "{base}/api/channel/"
            headers: { Authorization: "Bearer {token}" }
            json: { id: "{id}", priority: "{priority}" }
          - name: delete
            method: DELETE
            url: "{base}/api/channel/{id}"
            headers: { Authorization: "Bearer {token}" }
        """#
}
