/** The MinIO store against a real server: the contract suite, and what only MinIO does. */
import { minioFixture } from './store/minio-fixture.ts';
import { describeStore } from './store-contract.ts';

describeStore('MinIO', minioFixture);
