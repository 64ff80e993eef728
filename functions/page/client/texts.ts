import { Formats } from "../formats.ts";
import { readPageData } from "./elements.ts";

/** Texts of the script, in the page's language. */
export const texts = readPageData().texts;

/** Formats of the page's language. */
export const formats = new Formats(document.documentElement.lang);
