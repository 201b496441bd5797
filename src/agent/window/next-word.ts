import { DeadlinePassed, type LineProcess } from '../ports.ts';

/** The next line of a child: `ended` where it has ended, `undefined` where it is silent past the deadline. */
export async function nextWord(child: LineProcess, deadlineMs: number): Promise<string | undefined> {
  try {
    return (await child.nextLine(deadlineMs)) ?? 'ended';
  } catch (error) {
    if (error instanceof DeadlinePassed) return undefined;
    throw error;
  }
}
