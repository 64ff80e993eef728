import { hkdfSync } from "node:crypto";
import { seal, unseal } from "../bytes/seal.ts";
import { ZiplinkError } from "../errors.ts";
import { type AgeHeader, createAgeHeader } from "./age.ts";

/** Makes the headers of encrypted deliveries, and seals them for the state store. */
export interface SealedHeaders {
  /** Makes a header for these recipients. Returns it sealed, as text. Throws `malformed`. */
  create(id: string, recipients: readonly string[]): string;
  /** Opens what `create` returned for the same delivery. */
  open(id: string, sealed: string): AgeHeader;
}

const KEY_BYTES = 32;

/** @param secret at least 32 bytes; whoever has it and the state store can read encrypted deliveries */
export function createSealedHeaders(secret: Uint8Array): SealedHeaders {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "ziplink delivery age header", 32));
  return {
    create(id, recipients) {
      const { payloadKey, bytes } = createAgeHeader(recipients);
      return Buffer.from(seal(Buffer.concat([payloadKey, bytes]), key, id)).toString("base64");
    },
    open(id, sealed) {
      const plain = unseal(Buffer.from(sealed, "base64"), key, id);
      if (!plain) {
        throw new ZiplinkError(
          "internal",
          "The delivery's key was sealed with another secret. Restart the delivery.",
        );
      }
      return { payloadKey: plain.subarray(0, KEY_BYTES), bytes: plain.subarray(KEY_BYTES) };
    },
  };
}
