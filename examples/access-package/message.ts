import type { ArchiveSpec, JwtKeys, ManifestStore } from "../../core/index.ts";
import { signLink } from "../../core/index.ts";
import type { Message, PrivacyRequest } from "./database.ts";

const LINK_DAYS = 14;

export interface MessageOptions {
  readonly linkKeys: JwtKeys;
  /** Holds the list of files: a hundred attachments do not fit into a URL. */
  readonly manifests: ManifestStore;
  /**
   * The application's public address, without a trailing slash. Never taken from a request: its
   * sender chooses the `Host` header and could make the message lead anywhere.
   */
  readonly publicUrl: string;
}

/**
 * Writes the message to the person: one link, to exactly this archive, instead of one for each
 * file.
 */
export async function writeMessage(
  request: PrivacyRequest,
  archive: ArchiveSpec,
  { linkKeys, manifests, publicUrl }: MessageOptions,
): Promise<Message> {
  const id = crypto.randomUUID();
  const expires = new Date(Date.now() + LINK_DAYS * 86_400_000);
  const token = await signLink(archive, {
    keys: linkKeys,
    manifests,
    expires,
    id,
    subject: request.id,
    title: "Your data",
  });
  return {
    id,
    requestId: request.id,
    recipient: request.email,
    subject: `Your data at ${request.organisation}`,
    body: `Hello,

here is the data about you that you requested from ${request.organisation}:

${publicUrl}/zip/${token}/${archive.name}.zip

It is a ZIP file; open report.html in it first. The link is valid until ${expires.toUTCString()}.
An interrupted download can be resumed. Anyone who has the link has your data: do not share it.
`,
  };
}
