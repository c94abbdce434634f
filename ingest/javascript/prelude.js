// What a codec finds before it is loaded, and how it is called afterwards. The last value of this file is the caller:
// it takes one JSON text, {bytes, fPort, time, normalize} or {forms: true}, and gives one text back, which begins with a mark:
//   =  {data, errors, warnings, normalized} as JSON, or the names of the functions that are there
//   !  what the codec threw, as a JSON text
//   ?  why its result is none: NaN, a loop in it, too long; as a JSON text
// All that is used after the codec was loaded is kept here before, since a codec may replace whatever it sees.
(function () {
  "use strict";
  const { parse, stringify } = JSON;
  const Time = Date;
  const LONGEST = 65536;
  const shown = String;
  const cut = String.prototype.slice.call.bind(String.prototype.slice);
  let now = 0;
  let lie = "";

  const silent = () => {};
  globalThis.console = { log: silent, info: silent, warn: silent, error: silent, debug: silent, trace: silent };

  // The codec's clock stands at the time of reception: the same frame says the same when it is decoded again.
  Time.now = () => now;
  globalThis.Date = new Proxy(Time, {
    construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now], made),
    apply: () => new Time(now).toString(),
  });

  // As much of Node's Buffer as codecs use: made from bytes, hex or base64, and read as numbers.
  globalThis.Buffer = class Buffer extends Uint8Array {
    static from(given, form) {
      if (typeof given !== "string") return super.from(given);
      if (form === "hex") return super.from((given.match(/../g) || []).map((two) => parseInt(two, 16)));
      const plain = form === "base64" ? atob(given) : unescape(encodeURIComponent(given));
      return super.from(plain, (letter) => letter.charCodeAt(0));
    }
    static isBuffer(given) { return given instanceof Buffer; }
    toString(form) {
      if (form === "hex") return Array.from(this, (one) => one.toString(16).padStart(2, "0")).join("");
      const plain = Array.from(this, (one) => String.fromCharCode(one)).join("");
      if (form === "base64") return btoa(plain);
      return form === "ascii" || form === "latin1" || form === "binary" ? plain : decodeURIComponent(escape(plain));
    }
    slice(...range) { return this.subarray(...range); }
  };
  const reads = { UInt8: "Uint8", Int8: "Int8", UInt16: "Uint16", Int16: "Int16", UInt32: "Uint32", Int32: "Int32",
    Float: "Float32", Double: "Float64" };
  for (const [name, view] of Object.entries(reads)) {
    for (const end of name.endsWith("Int8") ? [""] : ["BE", "LE"]) {
      Buffer.prototype["read" + name + end] = function (at = 0) {
        return new DataView(this.buffer, this.byteOffset, this.length)["get" + view](at, end === "LE");
      };
    }
  }

  function decoded(bytes, fPort) {
    if (typeof decodeUplink === "function") return decodeUplink({ bytes, fPort, recvTime: new Time(now) });
    if (typeof Decode === "function") return { data: Decode(fPort, bytes, {}) };
    if (typeof Decoder === "function") return { data: Decoder(bytes, fPort) };
    throw new Error("there is no function decodeUplink, Decode or Decoder");
  }

  function said(asked) {
    const found = decoded(asked.bytes, asked.fPort);
    if (found === null || typeof found !== "object") return {};
    const { data, errors, warnings } = found;
    const refused = errors && errors.length;
    if (!asked.normalize || refused) return { data, errors, warnings };
    if (typeof normalizeUplink !== "function") throw new Error("there is no function normalizeUplink");
    const normal = normalizeUplink({ data });
    return { data, errors: normal.errors, warnings, normalized: normal.data };
  }

  function forms() {
    return [
      typeof decodeUplink === "function" && "decodeUplink",
      typeof Decode === "function" && "Decode",
      typeof Decoder === "function" && "Decoder",
      typeof normalizeUplink === "function" && "normalizeUplink",
    ].filter((name) => name);
  }

  function finite(name, value) {
    if (typeof value !== "number" || value - value === 0) return value;
    lie = cut(shown(name), 0, 100) + " is " + value;
    throw lie;
  }

  function described(error) {
    try {
      const where = error && typeof error.stack === "string" ? " " + error.stack.trim().split("\n")[0] : "";
      return stringify(cut(shown(error) + where, 0, 300));
    } catch {
      return '"an error that cannot be shown"';
    }
  }

  return function (text) {
    let found;
    try {
      const asked = parse(text);
      now = asked.time;
      found = asked.forms ? forms() : said(asked);
    } catch (error) {
      return "!" + described(error);
    }
    try {
      lie = "";
      const made = stringify(found, finite);
      return made.length > LONGEST ? '?"the result is longer than 64 KiB"' : "=" + made;
    } catch (error) {
      return "?" + described(lie || error);
    }
  };
})();
