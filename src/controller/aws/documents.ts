import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { RunError } from '../../shared/errors.ts';
import { parseResponse } from '../../shared/parse-response.ts';
import type { Documents, DocumentVersion } from '../ports.ts';
import { asking, isNamed } from './aws-errors.ts';
import type { Clients } from './clients.ts';

/**
 * Returns the port to Command documents. DescribeDocument is retried; what changes a document is sent once. Throws what
 * `fromAws` returns, and `document-invalid` where UpdateDocument names no version.
 */
export function documents({ ssm, ssmNoRetry }: Clients): Documents {
  return {
    describe(name, version) {
      return asking('ssm:DescribeDocument', async () => {
        try {
          const request = { Name: name, ...(version === undefined ? {} : { DocumentVersion: version }) };
          const { Document } = await ssm.send(new DescribeDocumentCommand(request));
          return Document === undefined ? undefined : documentVersion(Document);
        } catch (thrown) {
          if (isNamed(thrown, 'InvalidDocument') || isNamed(thrown, 'InvalidDocumentVersion')) return undefined;
          throw thrown;
        }
      });
    },

    create(name, content) {
      return asking('ssm:CreateDocument', async () => {
        const { DocumentDescription } = await ssmNoRetry.send(
          new CreateDocumentCommand({
            Name: name,
            Content: content,
            DocumentType: 'Command',
            DocumentFormat: 'YAML',
            TargetType: '/AWS::EC2::Instance',
          }),
        );
        return DocumentDescription?.DocumentVersion ?? '1';
      });
    },

    update(name, content) {
      return asking('ssm:UpdateDocument', async () => {
        try {
          const { DocumentDescription } = await ssmNoRetry.send(
            new UpdateDocumentCommand({
              Name: name,
              Content: content,
              DocumentFormat: 'YAML',
              DocumentVersion: '$LATEST',
              TargetType: '/AWS::EC2::Instance',
            }),
          );
          const version = DocumentDescription?.DocumentVersion;
          if (version === undefined)
            throw new RunError('document-invalid', 'UpdateDocument did not say which version it made');
          return version;
        } catch (thrown) {
          if (isNamed(thrown, 'DuplicateDocumentContent')) return undefined;
          throw thrown;
        }
      });
    },

    makeDefault(name, version) {
      return asking('ssm:UpdateDocumentDefaultVersion', async () => {
        await ssmNoRetry.send(new UpdateDocumentDefaultVersionCommand({ Name: name, DocumentVersion: version }));
      });
    },
  };
}

const Version = v.pipe(v.string(), v.regex(/^\d{1,10}$/));
const Description = v.object({
  DocumentVersion: v.optional(Version, '1'),
  LatestVersion: v.optional(Version),
  Status: v.optional(v.picklist(['Creating', 'Active', 'Updating', 'Deleting', 'Failed']), 'Creating'),
  StatusInformation: v.optional(v.string()),
  Hash: v.optional(v.string(), ''),
});

function documentVersion(answer: unknown): DocumentVersion {
  const description = parseResponse('ssm:DescribeDocument', Description, answer);
  return {
    version: description.DocumentVersion,
    status: description.Status,
    statusText: description.StatusInformation,
    sha256: description.Hash,
    latest: Number(description.LatestVersion ?? description.DocumentVersion),
  };
}
