// What the form can do beyond posting: nothing that was written vanishes unsaid when the connection, the page, the browser
// or the storage fails. Without this script the form posts as forms do.
"use strict";
(() => {
  const words = JSON.parse(document.body.dataset.words);
  const form = document.getElementById("report");
  if (!form) return;
  const box = document.getElementById("queue");
  const mine = document.getElementById("mine");
  const language = document.documentElement.lang;
  const DRAFT = "draft", RECEIPTS = "receipts";
  let sending = false;

  const element = (tag, text, kind) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const say = (text, bad) => {
    let told = document.getElementById("told");
    if (!told) {
      told = element("p");
      told.id = "told";
      told.setAttribute("role", "status");
      box.before(told);
    }
    told.textContent = text;
    told.className = bad ? "told bad" : "told";
    told.hidden = !text;
    if (text) told.scrollIntoView({ block: "nearest" });
  };
  const identity = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

  // The queue lies in IndexedDB, photos with it; each wish is settled when it is on disk.
  const database = () => new Promise((good, bad) => {
    const asked = indexedDB.open("reports", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("queue", { keyPath: "key" });
    asked.onsuccess = () => good(asked.result);
    asked.onerror = () => bad(asked.error);
  });
  const within = async (mode, work) => {
    const base = await database();
    try {
      return await new Promise((good, bad) => {
        const deal = base.transaction("queue", mode, { durability: "strict" });
        const asked = work(deal.objectStore("queue"));
        deal.oncomplete = () => good(asked.result);
        deal.onabort = deal.onerror = () => bad(deal.error);
      });
    } finally {
      base.close();
    }
  };
  const keep = (item) => within("readwrite", (store) => store.put(item));
  const drop = (key) => within("readwrite", (store) => store.delete(key));
  const all = () => within("readonly", (store) => store.getAll());

  const local = (name, value) => {
    try {
      if (value === undefined) return JSON.parse(localStorage.getItem(name) || "null");
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify(value));
      return true;
    } catch {
      return null;
    }
  };

  const send = async (item) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(item.fields)) body.append(name, value);
    body.set("key", item.key);
    body.set("age_s", String(Number(item.fields.age_s || 0) + Math.max(0, Date.now() - item.at) / 1000));
    body.set("language", language);
    if (item.photo) body.append("photo", item.photo, "photo");
    const answer = await fetch("/api/reports", { method: "POST", body });
    const told = await answer.json();
    return { status: answer.status, told };
  };
  const remember = (told) => local(RECEIPTS, [{ receipt: told.receipt, page: told.page }, ...(local(RECEIPTS) || [])].slice(0, 20));

  const drain = async () => {
    if (sending) return null;
    sending = true;
    let last = null;
    try {
      for (const item of await all()) {
        if (item.refused) continue;
        let outcome;
        try {
          outcome = await send(item);
        } catch {
          break; // no connection
        }
        if (outcome.status === 201 || outcome.status === 200) {
          remember(outcome.told);
          await drop(item.key);
          last = outcome.told;
        } else if (outcome.status >= 500 || outcome.status === 429) {
          break;
        } else {
          await keep({ ...item, refused: outcome.told.detail || String(outcome.status) });
        }
      }
    } catch {
      // the storage can't be read: what waits there is shown when it can
    } finally {
      sending = false;
      await show();
    }
    return last;
  };

  const show = async () => {
    let items = [];
    try {
      items = await all();
    } catch {
      return;
    }
    box.replaceChildren();
    if (items.length) {
      box.append(element("h2", words.js_waiting));
      const list = element("ul", "", "queue");
      for (const item of items) {
        const line = element("li", `${words[item.fields.category] || ""} ${(item.fields.text || "").slice(0, 80)}`);
        if (item.refused) {
          line.append(element("p", `${words.js_refused} ${item.refused}`, "bad told"));
          const button = element("button", words.js_discard);
          button.type = "button";
          button.onclick = async () => { await drop(item.key); await show(); };
          line.append(button);
        }
        list.append(line);
      }
      const again = element("button", words.js_again);
      again.type = "button";
      again.id = "again";
      again.onclick = () => drain();
      box.append(list, again);
    }
    const receipts = local(RECEIPTS) || [];
    mine.replaceChildren();
    if (receipts.length) {
      mine.append(element("h2", words.js_mine));
      const list = element("ul");
      for (const one of receipts) {
        const link = element("a", one.receipt);
        link.href = one.page;
        const line = element("li");
        line.append(link);
        list.append(line);
      }
      mine.append(list);
    }
  };

  form.addEventListener("submit", async (event) => {
    if (event.submitter && event.submitter.type === "image" && navigator.onLine) return;
    event.preventDefault();
    const fields = {};
    let photo = null;
    for (const [name, value] of new FormData(form)) {
      if (value instanceof File) { if (value.size) photo = value; } else fields[name] = value;
    }
    if (!fields.category) {
      say(words.missing, true);
      form.querySelector("[name=category]").focus();
      return;
    }
    const item = { key: identity(), at: Date.now(), fields, photo };
    say(words.js_sending);
    let kept = true;
    try {
      await keep(item);
    } catch {
      kept = false;
    }
    if (kept) {
      local(DRAFT, null);
      form.reset();
      const last = await drain();
      if (last) location.href = last.page;
      else say(words.js_queued);
      return;
    }
    try {
      const outcome = await send(item);
      if (outcome.status === 201 || outcome.status === 200) {
        remember(outcome.told);
        local(DRAFT, null);
        location.href = outcome.told.page;
      } else say(outcome.told.detail || words.wrong, true);
    } catch {
      say(words.js_unsaved, true);
    }
  });

  const DRAFTED = ["text", "place", "near", "category"];
  form.addEventListener("input", () => {
    const draft = {};
    for (const [name, value] of new FormData(form)) if (DRAFTED.includes(name)) draft[name] = value;
    local(DRAFT, draft);
  });
  const draft = local(DRAFT);
  if (draft && draft.text && !form.elements.text.value) {
    for (const name of DRAFTED) if (draft[name] && form.elements[name]) form.elements[name].value = draft[name];
    say(words.js_draft);
  }

  const button = document.getElementById("position");
  if (navigator.geolocation && button) {
    const told = document.getElementById("position-told");
    button.hidden = false;
    button.onclick = () => navigator.geolocation.getCurrentPosition(
      (here) => {
        form.elements.latitude.value = here.coords.latitude.toFixed(5);
        form.elements.longitude.value = here.coords.longitude.toFixed(5);
        told.textContent = words.position_taken;
      },
      () => { told.textContent = words.position_failed; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  }

  window.addEventListener("online", () => drain());
  window.addEventListener("offline", () => say(words.js_offline));
  setInterval(() => { if (navigator.onLine) drain(); }, 15000);
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/worker.js").catch(() => {});
  if (!navigator.onLine) say(words.js_offline);
  drain();
})();
