import type { Texts } from "./texts/en.ts";

/** A kind of file that has a name for people. */
export type Kind = keyof Texts["kinds"];

/** Extensions of each kind, for people who do not know what an extension means. */
const extensions: Readonly<Record<Exclude<Kind, "other">, string>> = {
  archive: "zip 7z rar tar gz tgz bz2 xz zst",
  audio: "mp3 m4a aac wav flac ogg opus aiff mid",
  calendar: "ics",
  code: "js ts jsx tsx py rb go rs c h cpp java kt swift php sh sql css",
  contact: "vcf",
  data: "json xml yaml yml parquet sqlite db ndjson geojson gpx kml log",
  document: "doc docx odt rtf pages epub tex",
  drawing: "svg ai eps dwg dxf fig sketch skp",
  font: "ttf otf woff woff2",
  image: "jpg jpeg png gif webp avif heic heif tif tiff bmp raw dng cr2 nef psd",
  mail: "eml msg mbox",
  pdf: "pdf",
  presentation: "ppt pptx odp key",
  program: "exe msi dmg pkg deb rpm apk appimage jar bat",
  sheet: "xls xlsx ods csv tsv numbers",
  text: "txt md",
  video: "mp4 m4v mov avi mkv webm mpg mpeg wmv",
  web: "html htm url",
};

const kindByExtension = new Map<string, Kind>(
  Object.entries(extensions).flatMap(([kind, list]) =>
    list.split(" ").map((extension) => [extension, kind as Kind] as const),
  ),
);

/** Returns the kind of a file from the extension of its name. */
export function kindOf(name: string): Kind {
  const [, extension = ""] = /\.([^.]+)$/.exec(name) ?? [];
  return kindByExtension.get(extension.toLowerCase()) ?? "other";
}
