/** Of every server of a lab. Kept small: an empty server has to be initialised, copied and captured in little time. */
export const REDO_LOG_SIZE = '32M';
