/** The version of the app, put in by the build. */
declare const __APP_VERSION__: string;

declare module "virtual:emoji/*" {
  /** The letters, the name, other words for it, the group; last, where there are any, the five tones of skin. */
  const rows: [string, string, string, number, string[]?][];
  export default rows;
}
