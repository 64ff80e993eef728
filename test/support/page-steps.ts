import type { Page } from "playwright-core";

/** Clicks the page's main button. */
export const startDownload = (page: Page) => page.getByRole("link", { name: "Download" }).click();

/** Clicks the button whose label contains `name`. */
export const press = (page: Page, name: string) => page.getByRole("button", { name }).click();

/** Waits for a heading that contains `name`. */
export const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();
