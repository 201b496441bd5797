import type { Rates } from './rates.ts';

const READ = { burst: 100, perSecond: 20 };
const READ_ALL = { burst: 50, perSecond: 10 };
const WRITE = { burst: 100, perSecond: 5 };

/** The request token buckets of EC2 [doc: Request throttling for the Amazon EC2 API], for the actions that the lab implements. */
const EC2_RATES: Rates = {
  DescribeInstances: READ,
  'DescribeInstances unfiltered': READ_ALL,
  DescribeLockedSnapshots: READ,
  DescribeSnapshots: READ,
  'DescribeSnapshots unfiltered': READ_ALL,
  DescribeVolumes: READ,
  'DescribeVolumes unfiltered': READ_ALL,
  CreateSnapshots: WRITE,
  CreateTags: { burst: 100, perSecond: 10 },
  DeleteSnapshot: WRITE,
  LockSnapshot: { burst: 50, perSecond: 5 },
};

/** AWS does not document Systems Manager's rates; ten requests a second for each action is what the lab has measured with. */
const SSM_RATE = { burst: 10, perSecond: 10 };
const SSM_ACTIONS = [
  'CancelCommand',
  'DescribeDocument',
  'DescribeInstanceInformation',
  'GetCommandInvocation',
  'ListCommandInvocations',
  'ListCommands',
  'SendCommand',
];

/** What an account without raised limits may ask. */
export const USUAL_RATES: Rates = {
  ...EC2_RATES,
  ...Object.fromEntries(SSM_ACTIONS.map((action) => [action, SSM_RATE])),
};
