/// The operations of the protocol, by number. protocol.md, "Operations".
public enum Operation: UInt16, Sendable, CaseIterable {
    case hello = 0x0001
    case confirm = 0x0002
    case ping = 0x0003
    case status = 0x0004
    case unlock = 0x0005
    case lock = 0x0006
    case doctor = 0x0007
    case whoami = 0x0008

    case get = 0x0100
    case put = 0x0101
    case info = 0x0102
    case list = 0x0103
    case activate = 0x0104
    case delete = 0x0105
    case undelete = 0x0106
    case destroy = 0x0107
    case update = 0x0108
    case export = 0x0109
    case `import` = 0x010A
    case watch = 0x010B

    case policyApply = 0x0200
    case policyShow = 0x0201
    case policyList = 0x0202
    case policyDelete = 0x0203
    case explain = 0x0204

    case slotList = 0x0300
    case slotAdd = 0x0301
    case slotRemove = 0x0302
    case slotRotate = 0x0303
    case slotRehearse = 0x0304
    case rekey = 0x0310
    case rekeyRoot = 0x0311

    case recordCreate = 0x0400
    case recordList = 0x0401
    case recordShow = 0x0402
    case recordUpdate = 0x0403
    case recordDelete = 0x0404
    case reveal = 0x0405
    case usage = 0x0406
    case accountImport = 0x0407

    case verify = 0x0410
    case reserve = 0x0411
    case settle = 0x0412
    case release = 0x0413

    case token = 0x0500
    case report = 0x0501
    case credentialAct = 0x0502
    case tokenWatch = 0x0503
    case credentialImport = 0x0504

    case backupCreate = 0x0600
    case restore = 0x0601
    case backupList = 0x0602
    case backupRun = 0x0603

    case scrub = 0x0610

    case auditSearch = 0x0700
    case auditVerify = 0x0701
    case auditRepair = 0x0702
}
