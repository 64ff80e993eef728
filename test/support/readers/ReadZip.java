import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/**
 * Reads a ZIP with the JDK's two readers: ZipFile, from the central directory, and ZipInputStream,
 * front to back from standard input.
 *
 * <pre>
 * ReadZip file-extract ARCHIVE FOLDER    writes every entry
 * ReadZip file-digest ARCHIVE            prints {"name", "size", "crc32"} per entry, a line each
 * ReadZip stream-extract FOLDER          the same, from standard input
 * ReadZip stream-digest
 * </pre>
 */
final class ReadZip {
  private static final byte[] buffer = new byte[1 << 20];
  private static final StringBuilder lines = new StringBuilder();

  public static void main(String[] args) throws IOException {
    switch (args[0]) {
      case "file-extract" -> readFile(args[1], Path.of(args[2]));
      case "file-digest" -> readFile(args[1], null);
      case "stream-extract" -> readStream(Path.of(args[1]));
      case "stream-digest" -> readStream(null);
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.print(lines);
  }

  private static void readFile(String archive, Path folder) throws IOException {
    try (ZipFile zip = new ZipFile(archive)) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        try (InputStream content = zip.getInputStream(entry)) {
          take(entry, content, folder);
        }
      }
    }
  }

  private static void readStream(Path folder) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(System.in)) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        take(entry, zip, folder);
      }
    }
  }

  /** Writes an entry into the folder or, where that is null, adds its line to the digest. */
  private static void take(ZipEntry entry, InputStream content, Path folder) throws IOException {
    CRC32 crc = new CRC32();
    long size = 0;
    try (OutputStream out = open(entry, folder)) {
      for (int length; (length = content.read(buffer)) >= 0; size += length) {
        crc.update(buffer, 0, length);
        out.write(buffer, 0, length);
      }
    }
    // ZipFile compares neither; ZipInputStream knows both only now, from the data descriptor.
    if (entry.getCrc() != crc.getValue() || entry.getSize() != size) {
      throw new ZipException(
          String.format(
              "%s: CRC-32 %08x and %d bytes declared, %08x and %d found",
              entry.getName(), entry.getCrc(), entry.getSize(), crc.getValue(), size));
    }
    if (folder == null) {
      lines.append("{\"name\":").append(quote(entry.getName()));
      lines.append(",\"size\":").append(size);
      lines.append(",\"crc32\":").append(crc.getValue()).append("}\n");
    }
  }

  /** A new file for the entry; a second entry of the same name fails rather than replaces it. */
  private static OutputStream open(ZipEntry entry, Path folder) throws IOException {
    if (folder == null) {
      return OutputStream.nullOutputStream();
    }
    Path root = folder.toAbsolutePath().normalize();
    Path target = root.resolve(entry.getName()).normalize();
    if (!target.startsWith(root)) {
      throw new ZipException("outside the folder: " + entry.getName());
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return OutputStream.nullOutputStream();
    }
    Files.createDirectories(target.getParent());
    return Files.newOutputStream(target, CREATE_NEW, WRITE);
  }

  /** A JSON string in ASCII, whatever the encoding of standard output. */
  private static String quote(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c < ' ' || c > '~' || c == '"' || c == '\\') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }
}
