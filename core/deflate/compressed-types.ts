/**
 * File formats that are compressed already, with their extensions: compressing them again takes time and
 * gains nothing. PDF is not among them, as most PDFs shrink by a few percent.
 */
const formats: Readonly<Record<string, readonly string[]>> = {
  "image/jpeg": ["jpg", "jpeg", "jpe", "jfif"],
  "image/png": ["png", "apng"],
  "image/gif": ["gif"],
  "image/webp": ["webp"],
  "image/avif": ["avif"],
  "image/heic": ["heic"],
  "image/heif": ["heif"],
  "image/jxl": ["jxl"],
  "image/jp2": ["jp2", "j2k"],
  "audio/mpeg": ["mp3"],
  "audio/mp4": ["m4a", "m4b"],
  "audio/aac": ["aac"],
  "audio/ogg": ["ogg", "oga", "opus"],
  "audio/flac": ["flac"],
  "audio/x-ms-wma": ["wma"],
  "audio/webm": ["weba"],
  "video/mp4": ["mp4", "m4v"],
  "video/quicktime": ["mov"],
  "video/mpeg": ["mpg", "mpeg"],
  "video/webm": ["webm"],
  "video/x-matroska": ["mkv"],
  "video/x-msvideo": ["avi"],
  "video/x-ms-wmv": ["wmv"],
  "video/ogg": ["ogv"],
  "video/3gpp": ["3gp"],
  "application/zip": ["zip"],
  "application/gzip": ["gz", "tgz"],
  "application/x-bzip2": ["bz2", "tbz2"],
  "application/x-xz": ["xz", "txz"],
  "application/zstd": ["zst"],
  "application/x-compress": ["z"],
  "application/zlib": ["zz"],
  "application/x-lzip": ["lz"],
  "application/x-lz4": ["lz4"],
  "application/x-brotli": ["br"],
  "application/x-7z-compressed": ["7z"],
  "application/vnd.rar": ["rar"],
  "application/java-archive": ["jar", "war"],
  "application/vnd.android.package-archive": ["apk"],
  "application/epub+zip": ["epub"],
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ["docx"],
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ["xlsx"],
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": ["pptx"],
  "application/vnd.oasis.opendocument.text": ["odt"],
  "application/vnd.oasis.opendocument.spreadsheet": ["ods"],
  "application/vnd.oasis.opendocument.presentation": ["odp"],
  "font/woff": ["woff"],
  "font/woff2": ["woff2"],
};

/** Other media types in use for some of these formats. */
const aliases: readonly string[] = [
  "image/jpg",
  "image/pjpeg",
  "audio/mp3",
  "audio/x-m4a",
  "audio/x-flac",
  "application/x-zip-compressed",
  "application/x-gzip",
  "application/x-rar-compressed",
];

const contentTypes: ReadonlySet<string> = new Set([...Object.keys(formats), ...aliases]);
const extensions: ReadonlySet<string> = new Set(Object.values(formats).flat());

/** Whether a file is compressed already, judging by its name or by the media type that its store states. */
export function isCompressed(name: string, contentType = ""): boolean {
  const [type = ""] = contentType.split(";");
  const extension = name.slice(name.lastIndexOf(".") + 1);
  return contentTypes.has(type.trim().toLowerCase()) || extensions.has(extension.toLowerCase());
}
