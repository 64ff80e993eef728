import type { Page } from "playwright-core";

/** Presses the page's main button. */
export const startDownload = (page: Page) => page.getByRole("link", { name: "Download" }).click();

/** Presses the button whose label has `name` in it. */
export const press = (page: Page, name: string) => page.getByRole("button", { name }).click();

/** Waits for a heading that has `name` in it. */
export const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();
