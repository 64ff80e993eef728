/** An error in an answer of AWS. */
export interface AwsFault {
  readonly code: string;
  readonly message: string;
}

export type Answer = Record<string, unknown>;
export type Input = Record<string, unknown>;

/** Such an error, as a thrown exception. */
export class Fault extends Error {
  readonly code: string;
  constructor({ code, message }: AwsFault) {
    super(message);
    this.code = code;
  }
}

/**
 * Creates the state of a stub AWS account, and the effect of each call on it. `functionUrl` is the
 * URL that is reported for a function.
 */
export function createAwsCloud(functionUrl: () => string) {
  const secrets = new Map<string, string>();
  const things = new Map<string, Input>();
  const statements = new Map<string, Input>();
  const get = (kind: string, code = "ResourceNotFoundException") => {
    const thing = things.get(kind);
    if (!thing) throw new Fault({ code, message: `There is no ${kind}.` });
    return thing;
  };
  const put = (kind: string, input: Input) => {
    things.set(kind, { ...things.get(kind), ...input });
    return { ...things.get(kind) };
  };
  const make = (kind: string, input: Input, code: string) => {
    if (things.has(kind)) throw new Fault({ code, message: `There is a ${kind} already.` });
    return put(kind, input);
  };
  const remove = (kind: string, code = "ResourceNotFoundException") => {
    get(kind, code);
    things.delete(kind);
    return {};
  };
  const secret = (name: unknown, code: string) => {
    const value = secrets.get(String(name));
    if (value === undefined) throw new Fault({ code, message: "not there" });
    return value;
  };
  const roleOf = ({ RoleName, Description = "" }: Input) => ({
    Role: {
      Path: "/",
      RoleName,
      RoleId: "AROASTUB",
      Arn: `arn:aws:iam::123456789012:role/${RoleName}`,
      CreateDate: "2026-01-01T00:00:00Z",
      Description,
    },
  });
  const active = { State: "Active", LastUpdateStatus: "Successful" };
  const url = () => ({
    ...get("url"),
    FunctionUrl: functionUrl(),
    FunctionArn: "arn",
    CreationTime: "2026-01-01T00:00:00Z",
    LastModifiedTime: "2026-01-01T00:00:00Z",
  });

  const answers: Readonly<Record<string, (input: Input) => Answer>> = {
    "sts GetCallerIdentity": () => ({
      Arn: "arn:aws:iam::123456789012:user/somebody",
      UserId: "AIDASTUB",
      Account: "123456789012",
    }),
    "ssm GetParameter": ({ Name, WithDecryption }) => {
      const value = secret(Name, "ParameterNotFound");
      return { Parameter: { Name, Value: WithDecryption === true ? value : "sealed" } };
    },
    "ssm GetParameters": ({ Names }) => ({
      Parameters: (Names as string[])
        .map((Name) => ({
          Name,
          Value: secrets.get(Name.replace("/aws/reference/secretsmanager/", "")),
        }))
        .filter(({ Value }) => Value !== undefined),
    }),
    "ssm PutParameter": ({ Name, Value }) => {
      secrets.set(String(Name), String(Value));
      return { Version: 1 };
    },
    "ssm DeleteParameter": ({ Name }) => {
      secret(Name, "ParameterNotFound");
      secrets.delete(String(Name));
      return {};
    },
    "secretsmanager DescribeSecret": ({ SecretId }) => {
      secret(SecretId, "ResourceNotFoundException");
      return { Name: SecretId };
    },
    "secretsmanager GetSecretValue": ({ SecretId }) => ({
      SecretString: secret(SecretId, "ResourceNotFoundException"),
    }),
    "secretsmanager CreateSecret": ({ Name, SecretString }) => {
      secrets.set(String(Name), String(SecretString));
      return { Name };
    },
    "secretsmanager DeleteSecret": ({ SecretId }) => {
      secrets.delete(String(SecretId));
      return {};
    },
    "iam GetRole": () => roleOf(get("role", "NoSuchEntity")),
    "iam CreateRole": (input) => roleOf(make("role", input, "EntityAlreadyExists")),
    "iam PutRolePolicy": (input) => {
      get("role", "NoSuchEntity");
      put("policy", input);
      return {};
    },
    "iam DeleteRolePolicy": () => remove("policy", "NoSuchEntity"),
    "iam DeleteRole": () => remove("role", "NoSuchEntity"),
    "logs DescribeLogGroups": ({ logGroupNamePrefix }) => ({
      logGroups: things.has("log group") ? [{ logGroupName: logGroupNamePrefix }] : [],
    }),
    "logs CreateLogGroup": (input) => {
      make("log group", input, "ResourceAlreadyExistsException");
      return {};
    },
    "logs PutRetentionPolicy": (input) => {
      get("log group");
      put("log group", input);
      return {};
    },
    "logs DeleteLogGroup": () => remove("log group"),
    "lambda GetFunction": () => ({
      Configuration: { ...get("function"), ...active },
      ...(things.has("reservation") ? { Concurrency: things.get("reservation") } : {}),
    }),
    "lambda CreateFunction": (input) => make("function", input, "ResourceConflictException"),
    "lambda UpdateFunctionCode": () => get("function"),
    "lambda UpdateFunctionConfiguration": (input) => {
      get("function");
      return put("function", input);
    },
    "lambda DeleteFunction": () => {
      statements.clear();
      things.delete("reservation");
      things.delete("url");
      return remove("function");
    },
    "lambda PutFunctionConcurrency": (input) => put("reservation", input),
    "lambda DeleteFunctionConcurrency": () => remove("reservation"),
    "lambda GetFunctionUrlConfig": url,
    "lambda CreateFunctionUrlConfig": (input) => {
      make("url", input, "ResourceConflictException");
      return url();
    },
    "lambda UpdateFunctionUrlConfig": (input) => {
      get("url");
      put("url", input);
      return url();
    },
    "lambda DeleteFunctionUrlConfig": () => remove("url"),
    "lambda GetPolicy": () => {
      if (statements.size === 0) get("policy of the function");
      return { Policy: JSON.stringify({ Statement: [...statements.values()] }), RevisionId: "1" };
    },
    "lambda AddPermission": (input) => {
      const id = String(input.StatementId);
      if (statements.has(id)) {
        throw new Fault({ code: "ResourceConflictException", message: "The statement exists." });
      }
      const { SourceArn } = input;
      const condition = { Condition: { ArnLike: { "AWS:SourceArn": SourceArn } } };
      statements.set(id, { Sid: id, ...(SourceArn === undefined ? {} : condition) });
      return { Statement: "{}" };
    },
    "lambda RemovePermission": ({ StatementId }) => {
      statements.delete(String(StatementId));
      return {};
    },
  };
  return {
    secrets,
    answer(action: string, input: Input): Answer {
      const answer = answers[action];
      if (!answer) throw new Fault({ code: "UnknownOperation", message: action });
      return answer(input);
    },
  };
}
