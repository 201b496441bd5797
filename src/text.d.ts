/** Shell programs of the agent travel in the bundle as text. */
declare module '*.sh' {
  const text: string;
  export default text;
}
