import type { ArchiveSpec, JwtKeys, ManifestStore } from "../../core/index.ts";
import { signLink } from "../../core/index.ts";
import type { Message, PrivacyRequest } from "./database.ts";

const LINK_DAYS = 14;

export interface MessageOptions {
  readonly linkKeys: JwtKeys;
  /** A hundred attachments are too many for a URL. */
  readonly manifests: ManifestStore;
  /**
   * Where people reach the application, without a slash at the end. Never taken from a request, whose
   * `Host` its sender chooses: the message would lead wherever they like.
   */
  readonly publicUrl: string;
}

/** The message to the person who asked: one link, to just this archive, in place of one for each file. */
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

here are the data about you that you have asked ${request.organisation} for:

${publicUrl}/zip/${token}/${archive.name}.zip

It is a ZIP file; open report.html in it first. The link works until ${expires.toUTCString()}.
A download that breaks off goes on where it was. Whoever has the link has your data: do not pass it on.
`,
  };
}
