/** Set by build.mjs, from package.json. */
declare const SDK_VERSION: string;
