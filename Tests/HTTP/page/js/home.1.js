// The view behind the login: lists, what is done with their rows, forms.
"use strict";
(function () {
  const { make, say, during } = page;
  const state = { tokens: [], pools: [], shares: [], usageBase: "", settings: {} };
  const element = id => document.getElementById(id);

  // MARK: Lists

  const pick = (row, names) => Object.fromEntries(names.split(" ").map(name => [name, row[name]]));
  const tokenFields = "name username userPassword token access_token share_token shared auto_shared show_user_info password plus setPoolToken"
    + " useRefreshToken updateTime checkSession";
  const poolFields = "poolName poolTime poolToken shareTokens checkPool intoOneApi poolOneApi_models poolModel_mapping oneApi_pandoraUrl"
    + " groupChecked priority";
  const shareFields = "oneApi_name token_name token_value oneApi_baseUrl oneApi_models model_mapping oneApi_groups shareTime priority";

  async function list(path, fields) {
    const rows = (await page.get(path)).data.data;
    return Array.isArray(rows) ? rows.map(row => pick(row, fields)) : null;
  }
  async function tokens(name = "", filter = () => true) {
    const rows = await list(`/api/selectToken?name=${name}`, tokenFields);
    if (rows) state.tokens = rows.filter(filter);
    drawTokens();
  }
  async function pools(name = "") {
    state.pools = await list(`/api/selectPoolToken?name=${name}`, poolFields) || state.pools;
    drawPools();
  }
  async function shares(name = "") {
    state.shares = await list(`/api/selectShareToken?name=${name}`, shareFields) || state.shares;
    drawShares();
  }
  async function settings() {
    const found = (await page.get("/api/selectSetting")).data.data;
    const out = found.pandoraNext_outUrl;
    state.settings = { ...found, tls: { ...found.tls }, validation: { ...found.validation } };
    if (found.whitelist == null) state.settings.whitelist = "null";
    state.usageBase = out.endsWith("/") ? out + found.proxy_api_prefix : out + "/" + found.proxy_api_prefix;
    // A fresh installation of the original is asked for another login.
    if (found.loginPassword == "123456" && found.loginUsername == "root") say("info", "请先修改默认的初始账号和密码");
  }
  async function checkLogin() {
    try {
      const answer = await page.ask("POST", `${page.prefix}/api/loginToken?token=${page.token()}`);
      if (answer.data.code == 0) page.go("/");
    } catch (error) { page.go("/"); }
  }
  async function quota() {
    const found = (await page.get("/api/getPandoraNext")).data.data;
    if (found == null) return;
    const end = new Date(Date.now() + 1000 * found.ttl);
    element("quota").textContent = `${found.current}/${found.total} ${found.ip} ${end.getFullYear()}-${end.getMonth() + 1}`;
  }

  /** How long a token will still do, by its length. */
  function remaining(row) {
    const days = Math.floor((Date.now() - new Date(row.updateTime.replace(" ", "T"))) / 86400000);
    if (row.token.length >= 2000) return days >= 80 ? "over 80" : Math.ceil(80 - days) + "天";
    if (row.token.length < 200 && !row.token.includes("fk-")) return "永久";
    return days >= 10 ? "over 10" : Math.ceil(10 - days) + "天";
  }

  const button = (action, run) => make("button", { type: "button", "data-action": action, onclick: run }, action);
  function table(id, rows, cells, actions, isYellow) {
    const body = rows.map(row => {
      const line = make("tr", { "data-name": row.name || row.poolName || row.oneApi_name, className: isYellow(row) ? "warning-row" : "" });
      line.append(make("td", {}, make("input", { type: "checkbox", className: "select" })));
      for (const text of cells(row)) line.append(make("td", {}, text));
      const last = make("td");
      for (const action in actions) last.append(button(action, () => actions[action](row)));
      line.append(last);
      return line;
    });
    element(id).replaceChildren(...body);
  }
  const drawTokens = () => table("tokens", state.tokens, row => [
    row.setPoolToken ? (row.useRefreshToken ? "refAPI" : "sesAPI") : "Web", row.name, row.username, row.userPassword,
    row.token.substring(0, 30) + "...", remaining(row), row.updateTime,
  ], { edit: editToken, view: viewToken, delete: deleteToken, refresh: refreshToken, generate: generateToken }, row => row.checkSession == false);
  const drawPools = () => table("pools", state.pools, row => [
    row.intoOneApi == true ? "oneApi" : "Json", row.poolName, row.poolToken, String(row.shareTokens), row.poolTime,
  ], { view: viewPool, verify: verifyPool, delete: deletePool, refresh: refreshPool, renew: renewPool }, row => row.checkPool == false);
  const drawShares = () => table("shares", state.shares, row => [row.oneApi_name, row.token_name, row.token_value, row.shareTime],
    { edit: editShare, delete: deleteShare }, () => false);

  function selected(id, rows) {
    const marks = [...element(id).querySelectorAll(".select")];
    return rows.filter((_, index) => marks[index].checked);
  }

  // MARK: Forms

  function form(title, fields, submit) {
    const lines = Object.entries(fields).map(([name, value]) => {
      const input = typeof value === "boolean" ? make("input", { name, type: "checkbox", checked: value })
        : name === "token" ? make("textarea", { name, value, maxLength: 5000 }) : make("input", { name, value });
      return make("label", { style: { display: "block" } }, name, input);
    });
    const read = () => Object.fromEntries([...box.querySelectorAll("[name]")].map(input => [
      input.name, input.type === "checkbox" ? input.checked : input.value]));
    const box = make("form", { id: "form", onsubmit: event => {
      event.preventDefault();
      const values = read();
      box.remove();
      during(() => submit(values));
    } }, make("h2", {}, title), ...lines, make("button", { type: "submit" }, "提交"));
    if (element("form")) element("form").remove();
    element("home").append(box);
  }
  /** Says what came of it; whether it went well. */
  function tell(answer) {
    const isGood = answer.data != null;
    if (isGood) say("success", typeof answer.data === "string" ? answer.data : "ok"); else say("error", answer.msg);
    return isGood;
  }
  const confirmed = work => { if (confirm("确定?")) during(work); };
  const models = text => text.split(",").toString();

  // MARK: Tokens

  const noAPI = row => row.setPoolToken == false && (say("error", "未开启API模式"), true);
  function addToken() {
    form("添加token信息", { name: "", token: "", username: "", userPassword: "", shared: false, show_user_info: false, plus: false,
      setPoolToken: false, useRefreshToken: false, password: "" }, async body => {
      if (body.password != "") body.shared = body.plus = body.show_user_info = false;
      if (!body.setPoolToken) {
        body.token = body.username + "," + body.userPassword;
        body.useRefreshToken = body.shared = body.plus = body.show_user_info = false;
      }
      const answer = await page.post("/api/addToken", { ...body, auto_shared: body.shared, updateTime: "2024-01-01 00:00:00" });
      if (answer.code == 1) say("success", answer.data); else say("error", answer.msg);
      await tokens();
    });
  }
  function editToken(row) {
    const { name, access_token, share_token, checkSession, auto_shared, updateTime, ...shown } = row;
    form("修改token信息", shown, async body => {
      if (!body.setPoolToken) body.shared = body.plus = body.show_user_info = body.useRefreshToken = false;
      if (body.shared) body.password = ""; else body.plus = body.show_user_info = false;
      const answer = await page.post("/api/requiredToken", { ...body, name, auto_shared: body.shared, checkSession, access_token, share_token });
      if (answer.code == 1) say("success", answer.data); else say("error", answer.msg);
      await tokens();
    });
  }
  const viewToken = row => during(async () => {
    element("details").textContent = JSON.stringify(row);
    if (row.setPoolToken != true) return say("success", "viewed");
    // Not ours: the proxy itself is asked.
    const url = `${state.usageBase}/api/token/info/${row.share_token}`;
    const answer = await page.ask("GET", url, undefined, { Authorization: `Bearer ${row.access_token}` });
    const names = Object.keys(answer.data.usage).filter(name => !name.startsWith("range"));
    const chart = make("canvas", { width: 60, height: 20, style: { width: "auto" } });
    names.forEach((name, index) => chart.getContext("2d").fillRect(index * 10, 0, 8, answer.data.usage[name]));
    element("details").append(chart, `${answer.data.usage["range"]} ${names}`);
    say("success", "viewed");
  });
  const deleteToken = row => confirmed(async () => {
    const answer = await page.put("/api/deleteToken", row);
    if (row.setPoolToken == true) await page.get("/api/updateAllPoolToken");
    await tokens();
    say("success", answer.data.data);
  });
  const refreshToken = row => noAPI(row) || confirmed(async () => {
    const answer = await page.post("/api/updateSessionToken", row);
    if (tell(answer)) row.token = answer.data;
    await tokens();
  });
  const generateToken = row => noAPI(row) || during(async () => {
    tell(await page.post("/api/updateToken", row));
    await tokens();
  });
  const generateAll = () => during(async () => {
    const answer = (await page.get("/api/updateAllToken")).data;
    if (answer.data == null || answer.data == "") return say("error", answer.msg);
    await Promise.all([tokens(), pools()]);
    say("success", answer.data);
    element("details").innerHTML = answer.data;
  });
  const deleteTokens = () => confirmed(async () => {
    const answer = await page.put("/api/deleteTokenList", selected("tokens", state.tokens));
    await page.get("/api/updateAllPoolToken");
    await tokens();
    say("success", answer.data.data);
  });

  // MARK: Pools

  function poolForm(title, path, fields, more) {
    form(title, fields, async body => {
      JSON.parse(body.poolModel_mapping = body.poolModel_mapping || "{}");
      const names = selected("tokens", state.tokens).map(row => row.name);
      tell(await page.post(path, { ...body, ...more, shareTokens: names, poolOneApi_models: models(body.poolOneApi_models) }));
      await pools();
    });
  }
  const addPool = () => poolForm("添加pool_token信息", "/api/addPoolToken", { poolName: "", intoOneApi: false, poolOneApi_models: "",
    poolModel_mapping: "", oneApi_pandoraUrl: state.usageBase, groupChecked: "default,svip,vip", priority: 0 });
  const editPool = () => {
    const row = selected("pools", state.pools)[0];
    poolForm("修改pool_token信息", "/api/requirePoolToken", { poolToken: row.poolToken, intoOneApi: row.intoOneApi,
      poolOneApi_models: models(row.poolOneApi_models), poolModel_mapping: row.poolModel_mapping, oneApi_pandoraUrl: row.oneApi_pandoraUrl,
      groupChecked: row.groupChecked.split(",").toString(), priority: row.priority }, { poolName: row.poolName });
  };
  const viewPool = row => {
    const shown = { ...row, models: row.poolOneApi_models.split(","), groups: row.groupChecked.split(",") };
    element("details").textContent = JSON.stringify(shown);
    say("success", "viewed");
  };
  const withPool = path => row => during(async () => { tell(await page.post(path, row)); await pools(); });
  const verifyPool = withPool("/api/verifySimplyPoolToken"), refreshPool = withPool("/api/refreshSimplyPoolToken");
  const renewPool = withPool("/api/changePoolToken");
  const deletePool = row => confirmed(async () => { tell(await page.post("/api/deletePoolToken", row)); await pools(); });
  const withPools = path => () => confirmed(async () => { tell(await page.post(path, selected("pools", state.pools))); await pools(); });
  const updateSessions = () => confirmed(async () => {
    tell(await page.post("/api/updateSessionTokenList", selected("tokens", state.tokens)));
    await tokens();
  });

  // MARK: Channels of one-api

  const addShare = () => form("添加share_token", { oneApi_name: "", token_name: "", oneApi_baseUrl: "", oneApi_models: "", model_mapping: "{}",
    oneApi_groups: "default,svip,vip", priority: 0 }, async body => { tell(await page.post("/api/addShareToken", body)); await shares(); });
  const editShare = row => {
    const { oneApi_name, token_value, shareTime, ...shown } = row;
    form("修改share_token", { ...shown, oneApi_models: models(row.oneApi_models), oneApi_groups: row.oneApi_groups.split(",").toString() },
      async body => { tell(await page.post("/api/requireShareToken", { ...body, oneApi_name, token_value })); await shares(); });
  };
  const deleteShare = row => confirmed(async () => {
    const answer = await page.put("/api/deleteShareToken", row);
    await shares();
    say("success", answer.data.data);
  });

  // MARK: Settings and the rest

  const taskFields = "auto_updateSession auto_updateTime auto_updateNumber pandoraNext_outUrl oneAPi_outUrl oneAPi_intoToken";
  const changeSettings = () => {
    const { tls, validation, configPosition, ...all } = state.settings;
    for (const name of taskFields.split(" ")) delete all[name];
    form("设置信息", all, async body => {
      Object.assign(state.settings, body);
      if (body.whitelist == null || body.whitelist == "null") body.whitelist = "";
      if (!tls.enabled) tls.cert_file = tls.key_file = "";
      const answer = await page.post("/api/requireSetting", { ...body, validation, tls });
      if (answer.code == 1) say("success", answer.data); else say("error", answer.msg);
      await checkLogin();
    });
  };
  const changeTask = () => form("定时&接口设置", pick(state.settings, taskFields), async body => {
    if (body.pandoraNext_outUrl.charAt(body.pandoraNext_outUrl.length - 1) !== "/") body.pandoraNext_outUrl += "/";
    Object.assign(state.settings, body);
    const answer = await page.post("/api/controllerTask", body);
    if (answer.code == 1) say("success", answer.data); else say("error", answer.msg);
  });
  const onContainer = path => () => during(async () => {
    const answer = (await page.get(path)).data;
    if (answer.data != null && answer.data != "") say("success", answer.data); else say("error", answer.msg);
  });
  const logins = () => during(async () => {
    const rows = await list("/api/selectLogin", "ipAddress requestIp outRequestNumber inRequestNumber lastLoginTime");
    const line = row => `${row.ipAddress} ${row.requestIp} ${row.inRequestNumber}/${row.outRequestNumber} ${row.lastLoginTime}`;
    say("success", rows.map(line).join("\n"));
  });
  const usage = () => during(async () => {
    const rows = (await page.get("/api/modelsUsage")).data.data;
    say("success", "usage " + rows.map(row => row.usage + row.model).length);
  });
  const copy = () => {
    const area = make("textarea", { value: "copied" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    say("success", "复制成功！");
  };
  const search = () => during(async () => {
    const text = element("search").value, isWeb = text == "WEB", isAPI = text.includes("API");
    await tokens(isWeb || isAPI || text == "ALL" ? "" : text, row => isWeb ? row.setPoolToken === false : isAPI ? row.setPoolToken === true : true);
  });
  const logout = () => { localStorage.removeItem("jwtToken"); page.go("/"); };
  const menu = {
    add: addToken, "generate-all": generateAll, "delete-tokens": deleteTokens, "refresh-tokens": updateSessions, "pool-add": addPool,
    "pool-edit": editPool, "pools-verify": withPools("/api/verifySimplyPoolTokenList"), "pools-delete": withPools("/api/deletePoolTokenList"),
    "pools-refresh": withPools("/api/refreshSimplyPoolTokenList"), "pools-renew": withPools("/api/changePoolTokenList"), "share-add": addShare,
    settings: changeSettings, task: changeTask, open: onContainer("/api/open"), close: onContainer("/api/close"),
    restart: onContainer("/api/restart"), reload: onContainer("/api/reload"), quota: () => during(quota), logins, usage, copy, search, logout,
  };

  page.views.home = async view => {
    if (!page.token()) return page.go("/");
    view.append(
      make("div", { id: "menu" }, ...Object.entries(menu).map(([name, run]) => button(name, run))), make("input", { id: "search" }),
      make("span", { id: "quota" }), make("table", { id: "tokens" }), make("table", { id: "pools" }), make("table", { id: "shares" }),
      make("div", { id: "details" }));
    await checkLogin();
    if (location.hash !== "#/home") return;
    await Promise.all([tokens(), pools(), shares(), settings()]);
    await quota();
  };
})();
