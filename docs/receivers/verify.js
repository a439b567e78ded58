// Verifies a message of Attune in a receiver of your own: copy this file, it needs Node 16 or later and nothing else.
//
//   const { verify } = require("./verify.js");
//   verify(body, headers, ["whsec_..."]);      // body: the raw Buffer, before anything parses it
//
// Answer 2xx once you have kept the message. The same webhook-id may come again: take it once.
// Answer 410 to never be told again, 429 with Retry-After to be left alone for a while.
"use strict";
const crypto = require("crypto");

const TOLERANCE_S = 300;
// What stands before the 32 bytes of an ed25519 public key in DER.
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

// The message as an object. keys: your secrets (whsec_...) or Attune's public keys (whpk_...), old and new.
function verify(body, headers, keys, now = Date.now() / 1000) {
  const told = {};
  for (const [name, value] of Object.entries(headers)) told[name.toLowerCase()] = value;
  const message = told["webhook-id"] || "";
  const at = told["webhook-timestamp"] || "";
  if (!message || !/^\d+$/.test(at)) throw new Error("no webhook-id or webhook-timestamp");
  if (Math.abs(now - Number(at)) > TOLERANCE_S) throw new Error("signed too long ago: a replay, or a wrong clock");
  const signed = Buffer.concat([Buffer.from(`${message}.${at}.`), Buffer.from(body)]);
  for (const entry of (told["webhook-signature"] || "").split(" ")) {
    const comma = entry.indexOf(",");
    const version = entry.slice(0, comma);
    const signature = Buffer.from(entry.slice(comma + 1), "base64");
    if (keys.some((key) => agrees(version, signature, signed, key))) return JSON.parse(Buffer.from(body));
  }
  throw new Error("no signature by a key known here");
}

function agrees(version, signature, signed, key) {
  if (version === "v1" && key.startsWith("whsec_")) {
    const expected = crypto.createHmac("sha256", Buffer.from(key.slice(6), "base64")).update(signed).digest();
    return expected.length === signature.length && crypto.timingSafeEqual(expected, signature);
  }
  if (version === "v1a" && key.startsWith("whpk_")) {
    const der = Buffer.concat([SPKI, Buffer.from(key.slice(5), "base64")]);
    return crypto.verify(null, signed, crypto.createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  }
  return false;
}

module.exports = { verify };
