import type { Page } from "playwright-core";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
} from "playwright-core";
import { pathOf } from "./tools.ts";

/** Starts Debian's Chromium, headless. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: pathOf("chromium") ?? "",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page, with every problem that has occurred in it so far. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /**
   * Console errors, uncaught errors, violations of the Content-Security-Policy, requests to other
   * origins.
   */
  readonly wrongs: string[];
  /** Network errors, in Chromium's words: expected if a test causes them. */
  readonly networkErrors: string[];
}

/**
 * Opens a page in its own context, which is closed with it, and watches it for anything unexpected.
 */
export async function watchPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const wrongs: string[] = [];
  const networkErrors: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const isNetwork = message.text().startsWith("Failed to load resource");
    (isNetwork ? networkErrors : wrongs).push(message.text());
  });
  page.on("pageerror", (error) => wrongs.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = url.origin === origin || url.protocol === "data:" || url.protocol === "blob:";
    if (!isOwn) wrongs.push(`a request to ${url.origin}`);
  });
  if (options.javaScriptEnabled !== false) {
    await page.exposeFunction("tellViolation", (text: string) => wrongs.push(text));
    await page.addInitScript(`document.addEventListener("securitypolicyviolation", (event) =>
      tellViolation(event.violatedDirective + " " + event.blockedURI))`);
  }
  return { page, context, wrongs, networkErrors, [Symbol.asyncDispose]: () => context.close() };
}
