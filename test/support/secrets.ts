/** The secret that signs the links of the tests. */
export const linkSecret = "a secret of thirty-two bytes, ok";

/** The secret that signs the tokens of the tests' callers. */
export const apiSecret = "the api's secret: thirty-two byte";
