/** A fault in words, as it crosses threads; `exitCode` as in UserError. */
export type Fault = {readonly message: string; readonly hint: string | undefined; readonly exitCode: 1 | 2};
