use crate::encoding::{Malformed, Reader, Writer};

/// Component 0x8006: what a group expects of its members for text streams of agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentStream {
    required_roles: u8,
    allowed_roles: u8,
    max_frame: u32,
    replay_ttl: u32,
    padding: u16,
}

impl AgentStream {
    /// Role bit: receives streams. Our leaves advertise it (extension 0xf2d1), because White Noise's groups require it.
    pub const RECEIVE: u8 = 1;
    const ROLES: u8 = 7;

    /// MDK's default: receiving is required, every role is allowed, frames of 4,096 bytes.
    pub const DEFAULT: Self = Self { required_roles: Self::RECEIVE, allowed_roles: 3, max_frame: 4096, replay_ttl: 0, padding: 0 };

    /// From canonical bytes (12).
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let policy = Self {
            required_roles: reader.u8()?,
            allowed_roles: reader.u8()?,
            max_frame: reader.u32()?,
            replay_ttl: reader.u32()?,
            padding: reader.u16()?,
        };
        reader.finish()?;
        let valid = policy.required_roles != 0
            && policy.required_roles & !policy.allowed_roles == 0
            && policy.allowed_roles & !Self::ROLES == 0
            && (1..=65519).contains(&policy.max_frame)
            && policy.replay_ttl <= 300
            && policy.padding <= 4096;
        if valid { Ok(policy) } else { Err(Malformed) }
    }

    /// To canonical bytes (12).
    pub fn encode(self) -> Vec<u8> {
        Writer::new()
            .raw(&[self.required_roles, self.allowed_roles])
            .raw(&self.max_frame.to_be_bytes())
            .raw(&self.replay_ttl.to_be_bytes())
            .raw(&self.padding.to_be_bytes())
            .into_bytes()
    }

    /// Bits of the roles every member has to support: 1 receive, 2 send, 4 fan-out.
    pub const fn required_roles(self) -> u8 {
        self.required_roles
    }
}
