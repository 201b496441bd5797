/** Blocks of lines with an empty line between them; a block without lines is left out. */
export const inBlocks = (...blocks: readonly (readonly string[])[]): string =>
  `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
